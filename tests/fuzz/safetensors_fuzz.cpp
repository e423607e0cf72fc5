// safetensors files as the fuzzer makes them.
#include "gradus/gradus.h"
#include "gradus/io/safetensors_format.h"
#include "tests/fuzz/fuzz.h"

namespace gradus::fuzz {

namespace {

void call(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const io::SafetensorsHeader header = io::read_safetensors_header(bytes);
  nn::NamedTensors tensors;
  for (const io::SafetensorsEntry& e : header.entries) {
    tensors.push_back({e.name, io::safetensors_tensor(bytes, header, e, nullptr)});
    touch(tensors.back().tensor);
  }
  // What was read can be written, and reads as the same.
  if (header.entries.size() > 50) return;
  for (const nn::NamedTensor& t : tensors)
    if (t.name == "__metadata__") return;
  io::StringSink sink;
  io::write_safetensors(tensors, header.metadata, sink);
  const io::SafetensorsHeader again = io::read_safetensors_header(sink.text);
  if (again.entries.size() != header.entries.size() || again.metadata.size() != header.metadata.size())
    __builtin_trap();
}

}  // namespace

std::string safetensors(const uint8_t* data, size_t size) { return guarded(&call, data, size, size); }

std::vector<std::string> safetensors_seeds() {
  std::vector<std::string> out;
  const nn::NamedTensors tensors{{"a", arange(6, kFloat32).reshape({2, 3})},
                                 {"b", ones({4}, kBFloat16)},
                                 {"ä\"\n", zeros({0, 3})},
                                 {"c", ones({}, kInt64)}};
  for (const auto& metadata : {std::vector<TextItem>{}, std::vector<TextItem>{{"format", "pt"}, {"k\\", "\x01"}}}) {
    io::StringSink sink, none;
    io::write_safetensors(tensors, metadata, sink);
    io::write_safetensors({}, metadata, none);
    out.push_back(sink.text);
    out.push_back(none.text);
  }
  const std::string header = R"({ "x\u00e9\ud83d\ude00" : {"shape":[ 1 ], "dtype":"I8", "data_offsets":[0 , 1]} } )";
  out.push_back(std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + "x");
  return out;
}

}  // namespace gradus::fuzz
