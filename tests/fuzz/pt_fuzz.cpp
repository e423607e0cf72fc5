// Checkpoints as the fuzzer makes them: the first byte says whether the rest is a file or the pickle of one.
#include <unordered_set>

#include "gradus/gradus.h"
#include "gradus/io/checkpoint_format.h"
#include "gradus/io/object_node.h"
#include "tests/fuzz/fuzz.h"

namespace gradus::fuzz {

namespace {

class Anywhere final : public io::Host {
 public:
  bool allows(std::string_view global) override { return global.starts_with("allowed."); }
  Object place(const Object& storage, std::string_view) override { return storage; }
};

// The same list may stand in many places: each is visited once.
void visit(const Object& o, std::unordered_set<const void*>& seen) {
  if (!o.owns() || !seen.insert(o.node()).second) return;
  const detail::ObjectNode& n = *o.node();
  if (n.tensor.defined()) touch(n.tensor);
  for (const Object& item : n.items) visit(item, seen);
  visit(n.attributes, seen);
}

void read(std::string_view bytes) {
  Anywhere host;
  io::CheckpointReader reader(bytes, nullptr, host, false);
  const Object value = reader.read();
  reader.keep(value);
  std::unordered_set<const void*> seen;
  visit(value, seen);
}

void call(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty() || bytes[0] == 0) return read(bytes.empty() ? bytes : bytes.substr(1));
  io::StringSink sink;
  io::ZipWriter zip(sink);
  zip.add("archive/data.pkl", bytes.substr(1));
  if (bytes[0] == 2) zip.add("archive/byteorder", "big");
  for (int i = 0; i < 4; ++i)
    zip.add("archive/data/" + std::to_string(i), std::string(static_cast<size_t>(40 * i), 'x'));
  zip.finish();
  read(sink.text);
}

std::vector<Object> values() {
  const Tensor x = arange(8, kFloat32).reshape({2, 4});
  std::vector<Object> out{dict({{"a", x}, {"b", x.t()}, {"c", tuple({1, 2.5, "text", {}, true, -70000L, 1L << 40})}}),
                          Object(Tensors{nn::parameter(ones({2})), zeros({0, 3}), ones({}, kFloat64),
                                         ones({2}, kBFloat16), ones({3}, kBool), ones({1}, kInt64).expand({3, 4})}),
                          Object(nn::NamedTensors{{"weight", x}}), list({kFloat32, kInt64, "ä"})};
  out[2].node()->attributes = dict({{"_metadata", dict({{"", dict({{"version", 1}})}})}});
  const auto made = [](Object::Kind kind, std::string text) { return detail::make_object(kind, text); };
  const auto holding = [](Object::Kind kind, std::vector<Object> items) { return detail::make_object(kind, items); };
  Object complex = made(Object::Kind::Complex, "");
  Object attributed(ones({2}));
  attributed.node()->attributes = dict({{"note", 1}});
  Object device = made(Object::Kind::Device, "cuda");
  device.node()->items.push_back(1);
  Object call = holding(Object::Kind::Instance,
                        {made(Object::Kind::Global, "allowed\nPoint"), tuple({1}), {}, {}, dict({{"x", 2}})});
  call.node()->new_object = true;
  out.push_back(list({made(Object::Kind::Bytes, "ab\xff"), made(Object::Kind::ByteArray, "xyz"),
                      made(Object::Kind::BigInt, "0123456789"), complex, attributed, device, call,
                      holding(Object::Kind::Set, {1, 2}), holding(Object::Kind::FrozenSet, {3}),
                      holding(Object::Kind::Size, {1, 2, 3, 4}), made(Object::Kind::Layout, ""),
                      holding(Object::Kind::Counter, {"a", 1})}));
  Object circle = list({});
  circle.node()->items.push_back(tuple({list({1, 2}), list({})}));
  out.push_back(circle);
  return out;
}

std::string pickle_of(const std::string& file) {
  const io::ZipReader zip(file);
  return zip.read(*zip.find("archive/data.pkl"));
}

}  // namespace

std::string checkpoint(const uint8_t* data, size_t size) { return guarded(&call, data, size, size); }

std::vector<std::string> checkpoint_seeds() {
  std::vector<std::string> out;
  for (const Object& v : values()) {
    io::StringSink zip, old;
    io::write_checkpoint(v, zip);
    io::write_old_checkpoint(v, old);
    out.push_back(std::string(1, '\0') + zip.text);
    out.push_back(std::string(1, '\0') + old.text);
  }
  // Pickles whose storages the made-up file has: keys 0 to 3, of 40 bytes a key.
  const Tensor x = arange(10, kFloat32), y = arange(20, kFloat32);
  for (const Object& v :
       {Object(Tensors{zeros({0}), x, x.reshape({2, 5}).t(), y.expand({3, 20})}), list({1, dict({{"a", "b"}})})}) {
    io::StringSink zip;
    io::write_checkpoint(v, zip);
    for (char mode : {1, 2}) out.push_back(std::string(1, mode) + pickle_of(zip.text));
  }
  // The opcodes of later protocols.
  out.push_back(
      "\x01\x80\x04(\x8c\x03"
      "abc\x94"
      "C\x02xy\x94\x8f\x94(K\x01K\x02\x90(K\x03\x91\x94\x8c\x05torch\x8c\x04Size\x93)R]K\x01"
      "a}K\x01K\x02st.");
  return out;
}

}  // namespace gradus::fuzz
