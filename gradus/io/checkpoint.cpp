// Checkpoints: an archive with one pickle and one record for each storage.
#include "gradus/io/checkpoint.h"

#include <algorithm>
#include <cstring>

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "gradus/io/checkpoint_format.h"
#include "gradus/io/little_endian.h"
#include "gradus/io/object_node.h"
#include "gradus/io/pickle.h"

namespace gradus::io {

using Kind = Object::Kind;

void expect_cpu(std::string_view location) {
  if (location == "cpu") return;
  if (location.starts_with("cuda"))
    raise(
        ErrorKind::Runtime,
        "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running "
        "on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to "
        "the CPU.");
  raise(ErrorKind::Runtime,
        str("don't know how to restore data location of torch.storage.UntypedStorage (tagged with ", location, ")"));
}
Object Host::place(const Object& storage, std::string_view location) {
  expect_cpu(location);
  return storage;
}

Tensor flat_tensor(DType dtype, int64_t numel) {
  return Tensor(new_tensor(new_view(new_storage(numel * item_size(dtype)), dtype, numel, {}, 0)));
}

Tensor mapped_tensor(Mapping* mapping, const char* data, DType dtype, int64_t numel) {
  mapping->retain();
  Storage* s = new_foreign_storage(
      const_cast<char*>(data), numel * item_size(dtype), [](void* m) { static_cast<Mapping*>(m)->release(); }, mapping);
  return Tensor(new_tensor(new_view(s, dtype, numel, {}, 0)));
}

namespace {

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // of the old format
constexpr int64_t kOldProtocol = 1001;

// The same memory seen as another dtype.
Object as_dtype(const Object& storage, DType dtype, int64_t numel) {
  const View& v = *storage.node()->tensor.impl()->view;
  if (v.dtype == dtype && v.numel == numel) return storage;
  if (numel * item_size(dtype) > v.numel * item_size(v.dtype))
    refuse_pickle("two references to one storage promise different sizes");
  if (v.offset * item_size(v.dtype) % item_size(dtype)) refuse_pickle("two references to one storage disagree");
  ref_inc(v.storage->refs);
  const int64_t offset = v.offset * item_size(v.dtype) / item_size(dtype);
  return detail::flat_storage(Tensor(new_tensor(new_view(v.storage, dtype, numel, {}, offset))));
}

void swap_bytes(char* data, int64_t numel, int64_t item) {
  for (int64_t i = 0; i < numel; ++i, data += item) std::reverse(data, data + item);
}

std::string text_of(const Object& v) {
  if (v.kind() != Kind::String && v.kind() != Kind::Bytes) refuse_pickle("a broken reference to a storage");
  return v.node()->text;
}
int64_t count_of(const Object& v, int64_t item) {
  int64_t bytes = 0;
  if (v.kind() != Kind::Int || v.raw_int() < 0 || __builtin_mul_overflow(v.raw_int(), item, &bytes))
    refuse_pickle("a broken reference to a storage");
  return v.raw_int();
}

}  // namespace

CheckpointReader::CheckpointReader(std::string_view bytes, Mapping* mapping, Host& host, bool text_as_bytes)
    : bytes_(bytes), mapping_(mapping), host_(host), text_as_bytes_(text_as_bytes) {}

Object CheckpointReader::read() {
  if (bytes_.empty()) throw FileError(FileError::Fault::EndOfFile, "Ran out of input");
  return is_zip(bytes_) ? read_zip() : read_old();
}

void CheckpointReader::keep(const Object& value) { unpickler_->keep(value); }

/// ("storage", class, key, location, numel), in the old format with a view: None or (key, offset, numel).
Object CheckpointReader::storage(const Object& reference) {
  const std::vector<Object>& id = reference.node()->items;
  if (id.empty() || text_of(id[0]) != "storage")
    refuse_pickle(str("Only persistent_load of storage is allowed, but got ",
                      id.empty() ? "nothing" : std::string_view(id[0].node()->text)));
  if (id.size() != (old_ ? 6u : 5u)) refuse_pickle("a broken reference to a storage");
  const DType dtype = storage_dtype(id[1]);
  const std::string key = text_of(id[2]), location = text_of(id[3]);
  const int64_t numel = count_of(id[4], item_size(dtype));
  if (old_) return old_storage(key, location, dtype, numel, id[5]);
  if (auto found = storages_.find(key); found != storages_.end()) return as_dtype(found->second.flat, dtype, numel);
  const Object flat = host_.place(zip_storage(key, dtype, numel), location);
  storages_[key] = {flat, numel * item_size(dtype)};
  return flat;
}

Object CheckpointReader::zip_storage(const std::string& key, DType dtype, int64_t numel) {
  const ZipRecord* record = zip_->find(str(prefix_, "data/", key));
  check(record, "PytorchStreamReader failed locating file data/", key, ": file not found");
  const auto bytes = static_cast<uint64_t>(numel * item_size(dtype));
  check(!record->compressed, "record data/", key, " is compressed, which no version of PyTorch does");
  check(bytes <= record->size, "storage ", key, " is promised ", bytes, " bytes, but its record holds ", record->size);
  const char* data = zip_->raw(*record).data();
  if (mapping_ && !big_endian_ && reinterpret_cast<uintptr_t>(data) % 8 == 0)
    return detail::flat_storage(mapped_tensor(mapping_, data, dtype, numel));
  // The whole record is read, so that its checksum can be compared; what is beyond the storage stays unused.
  const int64_t item = item_size(dtype), whole = (static_cast<int64_t>(record->size) + item - 1) / item;
  Object flat = detail::flat_storage(flat_tensor(dtype, whole));
  auto* to = static_cast<char*>(flat.node()->tensor.settled_data());
  zip_->read(*record, to);
  if (big_endian_) swap_bytes(to, numel, item);
  return as_dtype(flat, dtype, numel);
}

Object CheckpointReader::read_zip() {
  zip_ = std::make_unique<ZipReader>(bytes_);
  consumed_ = bytes_.size();
  check(!zip_->records().empty(), "PytorchStreamReader failed reading zip archive: archive does not contain any files");
  const std::string_view first = zip_->records().front().name;
  prefix_ = first.substr(0, first.find('/') == first.npos ? 0 : first.find('/') + 1);
  check(!zip_->find(prefix_ + "constants.pkl"),
        "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``: Gradus loads no "
        "TorchScript");
  const ZipRecord* record = zip_->find(prefix_ + "data.pkl");
  check(record, "PytorchStreamReader failed locating file data.pkl: file not found");
  if (const ZipRecord* order = zip_->find(prefix_ + "byteorder"); order && !order->compressed) {
    const std::string text = order->size < 16 ? zip_->read(*order) : "";
    check_as(ErrorKind::Value, text == "little" || text == "big", "Unknown endianness type: ", text);
    big_endian_ = text == "big";
  }
  check(!record->compressed, "record data.pkl is compressed, which no version of PyTorch does");
  pickle_ = zip_->read(*record);
  unpickler_ = std::make_unique<Unpickler>(pickle_, *this, text_as_bytes_);
  return unpickler_->load();
}

// ---- the format before PyTorch 1.6: pickles one behind the other, then the bytes of the storages

Object CheckpointReader::old_storage(const std::string& key, const std::string& location, DType dtype, int64_t numel,
                                     const Object& view) {
  auto found = storages_.find(key);
  if (found == storages_.end()) {
    const int64_t bytes = numel * item_size(dtype);
    // Memory is only promised to bytes that can still follow.
    if (__builtin_add_overflow(promised_, bytes, &promised_) || promised_ > static_cast<int64_t>(bytes_.size()))
      throw FileError(FileError::Fault::EndOfFile, "Ran out of input: the storages are larger than the file");
    const Tensor flat = flat_tensor(dtype, numel);
    if (bytes) std::memset(flat.settled_data(), 0, static_cast<size_t>(bytes));
    found = storages_.emplace(key, Record{host_.place(detail::flat_storage(flat), location), bytes}).first;
  }
  const Object whole = as_dtype(found->second.flat, dtype, numel);
  if (view.is_none()) return whole;
  if (view.kind() != Kind::Tuple || view.node()->items.size() != 3) refuse_pickle("a broken view of a storage");
  const int64_t offset = count_of(view.node()->items[1], item_size(dtype));
  const int64_t size = count_of(view.node()->items[2], item_size(dtype));
  if (offset > numel || size > numel - offset) refuse_pickle("a view reaches beyond its storage");
  Storage* s = whole.node()->tensor.impl()->view->storage;
  ref_inc(s->refs);
  return detail::flat_storage(Tensor(new_tensor(new_view(s, dtype, size, {}, offset))));
}

Object CheckpointReader::read_old() {
  old_ = true;
  unpickler_ = std::make_unique<Unpickler>(bytes_, *this, text_as_bytes_);
  const Object magic = unpickler_->load();
  check(magic.kind() == Kind::BigInt && magic.node()->text == kMagic, "Invalid magic number; corrupt file?");
  const Object protocol = unpickler_->load();
  check(protocol.kind() == Kind::Int && protocol.raw_int() == kOldProtocol, "Invalid protocol version");
  unpickler_->load();  // sizes of C types where it was saved: they are always the same
  const Object result = unpickler_->load();
  fill_old(unpickler_->load());
  return result;
}

void CheckpointReader::fill_old(const Object& keys) {
  if (keys.kind() != Kind::List) refuse_pickle("a broken list of storages");
  size_t at = unpickler_->position(), filled = 0;
  const auto take = [&](uint64_t n) {
    if (n > bytes_.size() - at) throw FileError(FileError::Fault::EndOfFile, "Ran out of input in the storages");
    at += n;
    return bytes_.data() + at - n;
  };
  for (const Object& key : keys.node()->items) {
    const auto found = storages_.find(text_of(key));
    if (found == storages_.end()) refuse_pickle(str("storage key '", text_of(key), "' not found"));
    const Tensor& t = found->second.flat.node()->tensor;
    const auto numel = load_le<int64_t>(take(8));
    if (numel != found->second.bytes / t.element_size() || t.numel() < numel)
      refuse_pickle(str("storage '", text_of(key), "' has another size than promised"));
    const auto bytes = static_cast<uint64_t>(found->second.bytes);
    if (const char* from = take(bytes); bytes) std::memcpy(t.settled_data(), from, bytes);
    ++filled;
  }
  if (filled < storages_.size()) refuse_pickle("the file lacks the bytes of some storages");
  consumed_ = at;
}

// ---- writing

void write_checkpoint(const Object& value, Sink& sink, const std::string& archive) {
  Pickler pickler;
  pickler.dump(value);
  ZipWriter zip(sink);
  const std::string prefix = archive + "/";
  zip.add(prefix + "data.pkl", pickler.bytes());
  zip.add(prefix + ".format_version", "1");
  zip.add(prefix + ".storage_alignment", "64");
  zip.add(prefix + "byteorder", "little");
  for (size_t i = 0; i < pickler.storages().size(); ++i) {
    Storage& s = *pickler.storages()[i];
    settle(s);
    zip.add(str(prefix, "data/", i), {static_cast<const char*>(s.data), static_cast<size_t>(s.bytes)});
  }
  zip.add(prefix + "version", "3\n");
  zip.add(prefix + ".data/serialization_id", zip.fingerprint());
  zip.finish();
}

void write_old_checkpoint(const Object& value, Sink& sink) {
  Pickler pickler(true);
  pickler.dump(value);
  const auto pickled = [](const Object& v) {
    Pickler p;
    p.dump(v);
    return p.bytes();
  };
  std::string head = pickled(detail::make_object(Kind::BigInt, std::string(kMagic)));
  head += pickled(static_cast<long>(kOldProtocol));
  head += pickled(dict({{"protocol_version", static_cast<long>(kOldProtocol)},
                        {"little_endian", true},
                        {"type_sizes", dict({{"short", 2}, {"int", 4}, {"long", 8}})}}));
  std::vector<Object> keys;
  for (size_t i = 0; i < pickler.storages().size(); ++i) keys.emplace_back(std::to_string(i));
  sink.write(head + pickler.bytes() + pickled(list(keys)));
  for (size_t i = 0; i < pickler.storages().size(); ++i) {
    Storage& s = *pickler.storages()[i];
    settle(s);
    const int64_t numel = s.bytes / item_size(pickler.dtypes()[i]);
    std::string size;
    append_le(size, numel);
    sink.write(size);
    if (numel) sink.write(s.data, static_cast<size_t>(numel * item_size(pickler.dtypes()[i])));
  }
}

std::string archive_name(const std::string& path) {
  std::string name = path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
  name = name.substr(0, name.rfind('.'));
  for (char c : name)
    if (static_cast<signed char>(c) < 0) return "archive";
  return name.empty() ? "archive" : name;
}

}  // namespace gradus::io

namespace gradus {

void save(const Object& value, const std::string& path) {
  io::FileSink file(path);
  io::write_checkpoint(value, file, io::archive_name(path));
  file.commit();
}

namespace {
struct CppHost final : io::Host {
  explicit CppHost(bool anywhere) : anywhere_(anywhere) {}
  Object place(const Object& storage, std::string_view location) override {
    return anywhere_ ? storage : io::Host::place(storage, location);
  }
  bool anywhere_;
};
}  // namespace

Object load(const std::string& path, const LoadOptions& options) {
  io::MappedFile file(path);
  CppHost host(options.map_location.has_value());
  io::CheckpointReader reader(file.bytes(), options.mmap ? file.get() : nullptr, host);
  Object value = reader.read();
  reader.keep(value);
  return value;
}

}  // namespace gradus
