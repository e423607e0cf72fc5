// What the functions on files share: their errors as Python's, paths, borrowed bytes.
#pragma once
#include <string>
#include <string_view>

#include "gradus/io/file.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// Sets the Python exception of a file's error: OSError by its number, EOFError, pickle.UnpicklingError,
/// SafetensorError.
void set_file_error(const io::FileError& error);

template <class F>
PyObject* guarded_file(F&& f) noexcept {
  return guarded([&]() -> PyObject* {
    try {
      return f();
    } catch (const io::FileError& error) {
      set_file_error(error);
      throw PythonError{};
    }
  });
}

/// A path as the operating system has it.
std::string file_path(PyObject* path);

/// Borrows the bytes of an object with a buffer.
class LentBytes {
 public:
  explicit LentBytes(PyObject* o) { ensure(PyObject_GetBuffer(o, &view_, PyBUF_SIMPLE) == 0); }
  LentBytes(const LentBytes&) = delete;
  LentBytes& operator=(const LentBytes&) = delete;
  ~LentBytes() { PyBuffer_Release(&view_); }
  std::string_view bytes() const { return {static_cast<const char*>(view_.buf), static_cast<size_t>(view_.len)}; }

 private:
  Py_buffer view_{};
};

/// Functions on files of tensors alone: safetensors and NumPy's.
void add_tensor_files(PyObject* module);

}  // namespace gradus::py
