// Files of tensors for Python: what gradus.serialization is made of.
#include "gradus/core/impl.h"
#include "gradus/io/checkpoint_format.h"
#include "gradus/io/object_node.h"
#include "gradus/io/unpickle.h"
#include "python/bindings/file_errors.h"
#include "python/bindings/file_values.h"
#include "python/bindings/storage.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

// ---- saving

// Calls a Python file's `write`.
class PythonSink final : public io::Sink {
 public:
  explicit PythonSink(PyObject* write) : write_(write) {}
  using io::Sink::write;
  void write(const void* data, size_t size) override {
    auto* p = static_cast<const char*>(data);
    while (size) {
      const size_t n = once(p, size);
      p += n;
      size -= n;
    }
  }

 private:
  // Large pieces are lent, small ones copied: files without a buffer may take less than they were given.
  size_t once(const char* p, size_t size) {
    constexpr size_t kLent = 1 << 16;
    const auto n = static_cast<Py_ssize_t>(size);
    Ref bytes = own(size < kLent ? PyBytes_FromStringAndSize(p, n)
                                 : PyMemoryView_FromMemory(const_cast<char*>(p), n, PyBUF_READ));
    Ref written = own(PyObject_CallOneArg(write_, bytes.get()));
    if (size >= kLent) own(PyObject_CallMethod(bytes.get(), "release", nullptr));
    if (!PyLong_Check(written.get())) return size;
    const Py_ssize_t taken = PyLong_AsSsize_t(written.get());
    if (taken <= 0 || taken > n) fail(PyExc_OSError, "the file took %zd of %zd bytes", taken, n);
    return static_cast<size_t>(taken);
  }
  PyObject* write_;
};

/// _checkpoint_save(object, path or None, write or None, old format?)
PyObject* checkpoint_save(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded_file([&] {
    if (n != 4) fail(PyExc_TypeError, "_checkpoint_save() takes 4 arguments but %zd were given", n);
    const bool old = to_bool(args[3]);
    FromPython objects;
    const Object value = objects.convert(args[0]);
    if (args[1] == Py_None) {
      PythonSink sink(args[2]);
      if (old) io::write_old_checkpoint(value, sink);
      else io::write_checkpoint(value, sink);
      return none();
    }
    const std::string path = file_path(args[1]);
    io::FileSink file(path);
    if (old) io::write_old_checkpoint(value, file);
    else io::write_checkpoint(value, file, io::archive_name(path));
    file.commit();
    return none();
  });
}

// ---- loading

class PythonHost final : public io::Host {
 public:
  PythonHost(PyObject* classes, PyObject* place) : classes_(classes), place_(place) {}
  bool allows(std::string_view global) override {
    Ref name = own(text(global));
    const int found = PyDict_Contains(classes_, name.get());
    ensure(found >= 0);
    return found;
  }
  Object place(const Object& storage, std::string_view location) override {
    if (place_ == Py_None) return io::Host::place(storage, location);
    const View& v = *storage.node()->tensor.impl()->view;
    Ref name = own(text(location)), given = own(wrap_storage(v.storage));
    PyObject* args[] = {given.get(), name.get()};
    Ref placed = own(PyObject_Vectorcall(place_, args, 2, nullptr));
    if (!is_storage(placed.get()))
      fail(PyExc_TypeError, "map_location must return a storage or None, but got %s", type_name(placed.get()).c_str());
    Storage* s = storage_of(placed.get(), nullptr);
    if (s == v.storage) return storage;
    if (s->bytes < v.numel * item_size(v.dtype))
      fail(PyExc_RuntimeError, "map_location returned a storage of %lld bytes for one of %lld",
           static_cast<long long>(s->bytes), static_cast<long long>(v.numel * item_size(v.dtype)));
    ref_inc(s->refs);
    return detail::flat_storage(Tensor(new_tensor(new_view(s, v.dtype, v.numel, {}, 0))));
  }

 private:
  PyObject *classes_, *place_;
};

PyObject* read_checkpoint(std::string_view bytes, io::Mapping* mapping, PyObject* const* args) {
  PythonHost host(args[2], args[3]);
  io::CheckpointReader reader(bytes, mapping, host, to_bool(args[4]));
  const Object value = reader.read();
  Ref object = ToPython(args[2]).convert(value);
  return Py_BuildValue("(On)", object.get(), static_cast<Py_ssize_t>(reader.consumed()));
}

/// _checkpoint_load(path or bytes, map?, classes, place or None, texts of Python 2 as bytes?) -> (object, bytes read)
PyObject* checkpoint_load(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded_file([&] {
    if (n != 5 || !PyDict_Check(args[2])) fail(PyExc_TypeError, "_checkpoint_load() takes 5 arguments");
    if (PyUnicode_Check(args[0])) {
      const io::MappedFile file(file_path(args[0]));
      return read_checkpoint(file.bytes(), to_bool(args[1]) ? file.get() : nullptr, args);
    }
    const LentBytes lent(args[0]);
    return read_checkpoint(lent.bytes(), nullptr, args);
  });
}

/// True for the names that a pickle may always use; NotImplementedError for those that PyTorch has besides.
PyObject* known_global(PyObject*, PyObject* name) {
  return guarded_file([&] {
    const std::string_view full = utf8(name);
    return boolean(io::known_dtype(full) || io::known_global(full) >= 0);
  });
}

PyMethodDef functions[] = {{"_known_global", &known_global, METH_O, nullptr},
                           {"_checkpoint_save", as_method(&checkpoint_save), METH_FASTCALL, nullptr},
                           {"_checkpoint_load", as_method(&checkpoint_load), METH_FASTCALL, nullptr},
                           {}};

}  // namespace

void init_files(PyObject* module) {
  ensure(PyModule_AddFunctions(module, functions) == 0);
  add_tensor_files(module);
}

}  // namespace gradus::py
