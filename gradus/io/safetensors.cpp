// safetensors: eight bytes of length, a header in JSON, and the tensors' bytes without gaps.
#include "gradus/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "gradus/core/read.h"
#include "gradus/io/checkpoint_format.h"
#include "gradus/io/json.h"
#include "gradus/io/little_endian.h"
#include "gradus/io/safetensors_format.h"

namespace gradus::io {

namespace {

constexpr uint64_t kMaxHeader = 100'000'000;

struct Type {
  std::string_view name;
  DType dtype;
};
// In the order in which the format's own library sorts them, from behind: what needs the widest alignment comes first.
constexpr Type kTypes[] = {{"BOOL", DType::Bool}, {"U8", DType::UInt8},    {"I8", DType::Int8},
                           {"I16", DType::Int16}, {"F16", DType::Float16}, {"BF16", DType::BFloat16},
                           {"I32", DType::Int32}, {"F32", DType::Float32}, {"F64", DType::Float64},
                           {"I64", DType::Int64}};
int rank(DType t) {
  int i = 0;
  while (kTypes[i].dtype != t) ++i;
  return i;
}

template <class... A>
[[noreturn]] void refuse(const A&... parts) {
  throw FileError(FileError::Fault::Safetensors, str("Error while deserializing header: ", parts...));
}
template <class... A>
void expect(bool ok, const A&... parts) {
  if (!ok) refuse(parts...);
}

DType dtype_of(const std::string& name) {
  for (const Type& t : kTypes)
    if (t.name == name) return t.dtype;
  refuse("dtype ", name, ", which Gradus does not have yet");
}

SafetensorsEntry read_entry(JsonReader& json, const std::string& name) {
  SafetensorsEntry e;
  e.name = name;
  int seen = 0;
  json.object([&](const std::string& key) {
    if (key == "dtype") {
      e.dtype = dtype_of(json.string());
      seen += 1;
    } else if (key == "shape") {
      json.list([&] {
        const uint64_t size = json.number();
        expect(size <= INT64_MAX && e.sizes.size() < 64, "invalid shape of tensor '", name, "'");
        e.sizes.push_back(static_cast<int64_t>(size));
      });
      seen += 10;
    } else if (key == "data_offsets") {
      uint64_t ends[2], n = 0;
      json.list([&] {
        expect(n < 2, "invalid offsets of tensor '", name, "'");
        ends[n++] = json.number();
      });
      expect(n == 2, "invalid offsets of tensor '", name, "'");
      e.begin = ends[0], e.end = ends[1];
      seen += 100;
    } else {
      refuse("tensor '", name, "' has an unknown field '", key, "'");
    }
  });
  expect(seen == 111, "tensor '", name, "' lacks a field or has one twice");
  return e;
}

void check_size(const SafetensorsEntry& e) {
  int64_t bytes = item_size(e.dtype);
  bool empty = false;
  for (int64_t s : e.sizes) {
    empty |= s == 0;
    expect(!__builtin_mul_overflow(bytes, s ? s : 1, &bytes), "the shape of tensor '", e.name, "' overflows");
  }
  expect(e.begin <= e.end && e.end - e.begin == static_cast<uint64_t>(empty ? 0 : bytes), "tensor '", e.name,
         "' has another number of bytes than its shape asks for");
}

}  // namespace

SafetensorsHeader read_safetensors_header(std::string_view bytes) {
  expect(bytes.size() >= 8, "header too small");
  const auto length = load_le<uint64_t>(bytes.data());
  expect(length <= kMaxHeader, "header too large");
  expect(length <= bytes.size() - 8, "invalid header length");
  SafetensorsHeader header;
  header.data = 8 + length;
  JsonReader json(bytes.substr(8, length));
  expect(length && bytes[8] == '{', "invalid start of the header");
  std::unordered_set<std::string> names, keys;
  bool has_metadata = false;
  try {
    json.object([&](const std::string& name) {
      if (name != "__metadata__") {
        expect(names.insert(name).second, "tensor '", name, "' is there twice");
        header.entries.push_back(read_entry(json, name));
        return;
      }
      expect(!has_metadata, "the metadata is there twice");
      has_metadata = true;
      json.object([&](const std::string& key) {
        expect(keys.insert(key).second, "metadata '", key, "' is there twice");
        header.metadata.push_back({key, json.string()});
      });
    });
    json.end();
  } catch (const JsonReader::JsonError& error) { refuse("invalid JSON in header at byte ", error.position); }
  std::stable_sort(header.entries.begin(), header.entries.end(),
                   [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  uint64_t at = 0;
  for (const SafetensorsEntry& e : header.entries) {
    check_size(e);
    expect(e.begin == at, "tensor '", e.name, "' does not begin where the one before it ends");
    at = e.end;
  }
  expect(at == bytes.size() - header.data,
         "the tensors do not fill the file: incomplete metadata, file not fully covered");
  return header;
}

Tensor safetensors_tensor(std::string_view bytes, const SafetensorsHeader& header, const SafetensorsEntry& e,
                          Mapping* mapping) {
  const char* from = bytes.data() + header.data + e.begin;
  const int64_t numel = product(e.sizes);
  Tensor flat;
  if (mapping && reinterpret_cast<uintptr_t>(from) % static_cast<uintptr_t>(item_size(e.dtype)) == 0) {
    flat = mapped_tensor(mapping, from, e.dtype, numel);
  } else {
    flat = flat_tensor(e.dtype, numel);
    if (numel) std::memcpy(flat.settled_data(), from, e.end - e.begin);
  }
  Storage* s = flat.impl()->view->storage;
  ref_inc(s->refs);
  return Tensor(new_tensor(new_view(s, e.dtype, e.sizes, {}, 0)));
}

namespace {

// The format cannot say that tensors share memory.
void expect_separate(const nn::NamedTensors& tensors) {
  std::vector<const nn::NamedTensor*> order;
  std::unordered_set<std::string_view> names;
  for (const nn::NamedTensor& t : tensors) {
    check_as(ErrorKind::Value, names.insert(t.name).second, "two tensors are named '", t.name, "'");
    check_as(ErrorKind::Value, t.tensor.defined(), "tensor '", t.name, "' is undefined");
    check_as(ErrorKind::Value, t.name != "__metadata__", "no tensor may be named '__metadata__'");
    check_as(ErrorKind::Value, is_utf8(t.name), "the name of a tensor is not valid UTF-8");
    check_as(ErrorKind::Value, t.tensor.is_contiguous(), "tensor '", t.name,
             "' is not contiguous: pack it before saving with .contiguous()");
    if (t.tensor.numel()) order.push_back(&t);
  }
  const auto begin = [](const nn::NamedTensor* t) { return static_cast<const char*>(t->tensor.settled_data()); };
  std::sort(order.begin(), order.end(), [&](auto* a, auto* b) { return begin(a) < begin(b); });
  for (size_t i = 1; i < order.size(); ++i)
    check(begin(order[i - 1]) + order[i - 1]->tensor.numel() * order[i - 1]->tensor.element_size() <= begin(order[i]),
          "tensors '", order[i - 1]->name, "' and '", order[i]->name,
          "' share memory, which safetensors cannot express: save one of them, or a clone");
}

}  // namespace

void write_safetensors(const nn::NamedTensors& tensors, const std::vector<TextItem>& metadata, Sink& sink) {
  expect_separate(tensors);
  std::vector<const nn::NamedTensor*> order;
  for (const nn::NamedTensor& t : tensors) order.push_back(&t);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) {
    const int ra = rank(a->tensor.dtype()), rb = rank(b->tensor.dtype());
    return ra != rb ? ra > rb : a->name < b->name;
  });
  std::string json = "{";
  if (!metadata.empty()) {
    json += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata)
      json += (json.back() == '{' ? "" : ",") + json_string(key) + ":" + json_string(value);
    json += "}";
  }
  int64_t at = 0;
  for (const nn::NamedTensor* t : order) {
    const int64_t end = at + t->tensor.numel() * t->tensor.element_size();
    std::string shape = format_sizes(t->tensor.sizes());
    shape.erase(std::remove(shape.begin(), shape.end(), ' '), shape.end());
    json +=
        str(json.size() > 1 ? "," : "", json_string(t->name), ":{\"dtype\":\"", kTypes[rank(t->tensor.dtype())].name,
            "\",\"shape\":", shape, ",\"data_offsets\":[", at, ",", end, "]}");
    at = end;
  }
  json += "}";
  json.append((8 - json.size() % 8) % 8, ' ');
  check_as(ErrorKind::Value, json.size() <= kMaxHeader, "the header would be larger than the format permits");
  std::string head;
  append_le<uint64_t>(head, json.size());
  sink.write(head + json);
  for (const nn::NamedTensor* t : order)
    if (t->tensor.numel())
      sink.write(read_data(t->tensor), static_cast<size_t>(t->tensor.numel() * t->tensor.element_size()));
}

}  // namespace gradus::io

namespace gradus {

void save_safetensors(const nn::NamedTensors& tensors, const std::string& path, const std::vector<TextItem>& metadata) {
  io::FileSink file(path);
  io::write_safetensors(tensors, metadata, file);
  file.commit();
}

Safetensors load_safetensors(const std::string& path) {
  const io::MappedFile file(path);
  io::SafetensorsHeader header = io::read_safetensors_header(file.bytes());
  Safetensors out;
  for (const io::SafetensorsEntry& e : header.entries)
    out.tensors.push_back({e.name, io::safetensors_tensor(file.bytes(), header, e, file.get())});
  out.metadata = static_cast<decltype(out.metadata)&&>(header.metadata);
  return out;
}

}  // namespace gradus
