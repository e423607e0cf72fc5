// Files of tensors alone for Python: safetensors, .npy and .npz.
#include <cerrno>
#include <cstring>

#include "gradus/io/npy.h"
#include "gradus/io/safetensors_format.h"
#include "python/bindings/file_errors.h"
#include "python/bindings/tensor_type.h"

namespace gradus::py {

void set_file_error(const io::FileError& error) {
  using Fault = io::FileError::Fault;
  if (error.fault() == Fault::EndOfFile) return PyErr_SetString(PyExc_EOFError, error.what());
  if (error.fault() == Fault::Unpickling) {
    static PyObject* unpickling_error = imported("pickle", "UnpicklingError");
    return PyErr_SetString(unpickling_error, error.what());
  }
  if (error.fault() == Fault::Safetensors) {
    static PyObject* safetensor_error = imported("gradus.safetensors", "SafetensorError");
    return PyErr_SetString(safetensor_error, error.what());
  }
  Ref args(Py_BuildValue("(iss)", error.code(), std::strerror(error.code()), error.path().c_str()));
  if (args) PyErr_SetObject(PyExc_OSError, args.get());  // becomes FileNotFoundError and the like
}

std::string file_path(PyObject* path) {
  Ref bytes = own(PyUnicode_EncodeFSDefault(path));
  std::string out(PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get())));
  if (out.find('\0') != out.npos) fail(PyExc_ValueError, "embedded null byte");
  return out;
}

namespace {

nn::NamedTensors named_tensors(PyObject* dict) {
  if (!PyDict_Check(dict))
    fail(PyExc_ValueError, "Expected a dict of [str, torch.Tensor] but received %s", type_name(dict).c_str());
  nn::NamedTensors out;
  PyObject *key, *value;
  for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &value);) {
    if (!PyUnicode_Check(key))
      fail(PyExc_ValueError, "expected a str as the name of a tensor, but got %s", type_name(key).c_str());
    if (!is_tensor(value))
      fail(PyExc_ValueError, "Key `%U` is invalid, expected torch.Tensor but received %s", key,
           type_name(value).c_str());
    out.push_back({std::string(utf8(key)), tensor_of(value)});
  }
  return out;
}

Ref dict_of(const nn::NamedTensors& tensors) {
  Ref dict = own(PyDict_New());
  for (const nn::NamedTensor& t : tensors) {
    Ref name = own(text(t.name)), tensor = own(wrap(t.tensor));
    ensure(PyDict_SetItem(dict.get(), name.get(), tensor.get()) == 0);
  }
  return dict;
}

std::vector<TextItem> texts_of(PyObject* dict) {
  std::vector<TextItem> out;
  if (dict == Py_None) return out;
  PyObject *key, *value;
  if (!PyDict_Check(dict))
    fail(PyExc_TypeError, "metadata must be a dict from str to str, but got %s", type_name(dict).c_str());
  for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &value);) {
    if (!PyUnicode_Check(key) || !PyUnicode_Check(value))
      fail(PyExc_TypeError, "metadata must be a dict from str to str");
    out.push_back({std::string(utf8(key)), std::string(utf8(value))});
  }
  return out;
}

/// _safetensors_save(tensors, path or None, metadata or None) -> None or bytes
PyObject* safetensors_save(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded_file([&] {
    if (n != 3) fail(PyExc_TypeError, "_safetensors_save() takes 3 arguments but %zd were given", n);
    const nn::NamedTensors tensors = named_tensors(args[0]);
    const auto metadata = texts_of(args[2]);
    if (args[1] != Py_None) {
      save_safetensors(tensors, file_path(args[1]), metadata);
      return none();
    }
    io::StringSink sink;
    io::write_safetensors(tensors, metadata, sink);
    return PyBytes_FromStringAndSize(sink.text.data(), static_cast<Py_ssize_t>(sink.text.size()));
  });
}

PyObject* read_safetensors(std::string_view bytes, io::Mapping* mapping) {
  const io::SafetensorsHeader header = io::read_safetensors_header(bytes);
  nn::NamedTensors tensors;
  for (const io::SafetensorsEntry& e : header.entries)
    tensors.push_back({e.name, io::safetensors_tensor(bytes, header, e, mapping)});
  Ref metadata = own(PyDict_New());
  for (const auto& [key, value] : header.metadata) {
    Ref k = own(text(key)), v = own(text(value));
    ensure(PyDict_SetItem(metadata.get(), k.get(), v.get()) == 0);
  }
  return Py_BuildValue("(OO)", dict_of(tensors).get(), metadata.get());
}

/// _safetensors_load(path or bytes) -> (tensors, metadata)
PyObject* safetensors_load(PyObject*, PyObject* source) {
  return guarded_file([&] {
    if (PyUnicode_Check(source)) {
      const io::MappedFile file(file_path(source));
      return read_safetensors(file.bytes(), file.get());
    }
    return read_safetensors(LentBytes(source).bytes(), nullptr);
  });
}

PyObject* npy_save(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded_file([&] {
    if (n != 2 || !is_tensor(args[0])) fail(PyExc_TypeError, "save_npy() takes a Tensor and a path");
    save_npy(tensor_of(args[0]), file_path(args[1]));
    return none();
  });
}
PyObject* npz_save(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded_file([&] {
    if (n != 2) fail(PyExc_TypeError, "save_npz() takes a dict of tensors and a path");
    save_npz(named_tensors(args[0]), file_path(args[1]));
    return none();
  });
}
PyObject* npy_load(PyObject*, PyObject* path) {
  return guarded_file([&] { return wrap(load_npy(file_path(path))); });
}
PyObject* npz_load(PyObject*, PyObject* path) {
  return guarded_file([&] { return dict_of(load_npz(file_path(path))).release(); });
}

PyMethodDef functions[] = {{"_safetensors_save", as_method(&safetensors_save), METH_FASTCALL, nullptr},
                           {"_safetensors_load", &safetensors_load, METH_O, nullptr},
                           {"_npy_save", as_method(&npy_save), METH_FASTCALL, nullptr},
                           {"_npz_save", as_method(&npz_save), METH_FASTCALL, nullptr},
                           {"_npy_load", &npy_load, METH_O, nullptr},
                           {"_npz_load", &npz_load, METH_O, nullptr},
                           {}};

}  // namespace

void add_tensor_files(PyObject* module) { ensure(PyModule_AddFunctions(module, functions) == 0); }

}  // namespace gradus::py
