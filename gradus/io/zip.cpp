// Zip archives, 64-bit sizes included: the directory is read once and believed in nothing.
#include "gradus/io/zip.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "gradus/core/format.h"
#include "gradus/io/crc32.h"
#include "gradus/io/inflate.h"
#include "gradus/io/little_endian.h"

namespace gradus::io {

namespace {

constexpr uint64_t kLocal = 30, kCentral = 46, kEnd = 22, kEnd64 = 56, kLocator = 20;
constexpr uint64_t kAlignment = 64;
constexpr uint32_t kMax32 = 0xFFFFFFFF;
constexpr uint16_t kHasDescriptor = 1 << 3, kUtf8 = 1 << 11, kEncrypted = 1;

template <class... A>
void expect(bool ok, const A&... parts) {
  if (!ok) raise(ErrorKind::Runtime, str("PytorchStreamReader failed reading zip archive: ", parts...));
}

uint16_t u16(std::string_view b, uint64_t at) { return load_le<uint16_t>(b.data() + at); }
uint32_t u32(std::string_view b, uint64_t at) { return load_le<uint32_t>(b.data() + at); }
uint64_t u64(std::string_view b, uint64_t at) { return load_le<uint64_t>(b.data() + at); }

// Values that did not fit into 32 bits, in the order in which the fields are marked.
void read_wide(std::string_view extra, uint64_t* const* wanted, int n) {
  while (extra.size() >= 4) {
    const uint16_t id = u16(extra, 0), size = u16(extra, 2);
    if (size > extra.size() - 4) return;
    if (id == 1) {
      std::string_view field = extra.substr(4, size);
      for (int i = 0; i < n && field.size() >= 8; ++i, field.remove_prefix(8)) *wanted[i] = u64(field, 0);
      return;
    }
    extra.remove_prefix(4u + size);
  }
}

}  // namespace

ZipReader::ZipReader(std::string_view bytes) : bytes_(bytes) {
  expect(bytes.size() >= kEnd, "failed finding central directory");
  const uint64_t last = bytes.size() - kEnd, first = last > 0xFFFF ? last - 0xFFFF : 0;
  uint64_t end = last + 1;
  for (uint64_t at = last + 1; at-- > first;)
    if (std::memcmp(bytes.data() + at, "PK\x05\x06", 4) == 0) {
      end = at;
      break;
    }
  expect(end <= last, "failed finding central directory");
  uint64_t count = u16(bytes, end + 10), size = u32(bytes, end + 12), at = u32(bytes, end + 16);
  if (end >= kLocator && std::memcmp(bytes.data() + end - kLocator, "PK\x06\x07", 4) == 0) {
    const uint64_t end64 = u64(bytes, end - kLocator + 8);
    expect(end64 <= end - kLocator && end - kLocator - end64 >= kEnd64 &&
               std::memcmp(bytes.data() + end64, "PK\x06\x06", 4) == 0,
           "the 64-bit directory lies outside of the file");
    count = u64(bytes, end64 + 32), size = u64(bytes, end64 + 40), at = u64(bytes, end64 + 48);
    end = end64;
  }
  expect(at <= end && size <= end - at, "the central directory lies outside of the file");
  expect(count <= size / kCentral, "the central directory is too short for its ", count, " records");
  read_directory(at, size, count);
  for (ZipRecord& r : records_) {
    expect(r.header < at, "record '", r.name, "' lies behind the central directory");
    locate(r);
    expect(r.stored <= at - r.offset, "record '", r.name, "' reaches beyond the end of the data");
  }
  check_overlap();
}

void ZipReader::read_directory(uint64_t at, uint64_t size, uint64_t count) {
  std::string_view rest = bytes_.substr(at, size);
  records_.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    expect(rest.size() >= kCentral && rest.starts_with("PK\x01\x02"), "a broken central directory");
    const uint64_t name = u16(rest, 28), extra = u16(rest, 30), comment = u16(rest, 32);
    expect(rest.size() - kCentral >= name + extra + comment, "a broken central directory");
    ZipRecord r;
    r.name = rest.substr(kCentral, name);
    r.crc = u32(rest, 16), r.stored = u32(rest, 20), r.size = u32(rest, 24), r.header = u32(rest, 42);
    uint64_t* wide[3];
    int n = 0;
    for (uint64_t* value : {&r.size, &r.stored, &r.header})
      if (*value == kMax32) wide[n++] = value;
    read_wide(rest.substr(kCentral + name, extra), wide, n);
    const uint16_t flags = u16(rest, 8), method = u16(rest, 10);
    expect(!(flags & kEncrypted), "record '", r.name, "' is encrypted");
    expect(method == 0 || method == 8, "record '", r.name, "' is compressed in an unknown way");
    r.compressed = method == 8;
    expect(r.compressed || r.stored == r.size, "record '", r.name, "' has two sizes");
    records_.push_back(r);
    rest.remove_prefix(kCentral + name + extra + comment);
  }
}

void ZipReader::locate(ZipRecord& r) const {
  expect(bytes_.size() - r.header >= kLocal && std::memcmp(bytes_.data() + r.header, "PK\x03\x04", 4) == 0, "record '",
         r.name, "' has no header");
  const uint64_t name = u16(bytes_, r.header + 26), extra = u16(bytes_, r.header + 28);
  expect(bytes_.size() - r.header - kLocal >= name + extra, "the header of record '", r.name, "' is cut off");
  expect(bytes_.substr(r.header + kLocal, name) == r.name, "record '", r.name, "' has a header of another name");
  r.offset = r.header + kLocal + name + extra;
}

void ZipReader::check_overlap() {
  std::sort(records_.begin(), records_.end(), [](auto& a, auto& b) { return a.header < b.header; });
  for (size_t i = 1; i < records_.size(); ++i) {
    const ZipRecord &a = records_[i - 1], &b = records_[i];
    expect(a.offset + a.stored <= b.header, "records '", a.name, "' and '", b.name, "' overlap");
  }
  by_name_.resize(records_.size());
  for (size_t i = 0; i < by_name_.size(); ++i) by_name_[i] = static_cast<uint32_t>(i);
  std::sort(by_name_.begin(), by_name_.end(), [&](auto a, auto b) { return records_[a].name < records_[b].name; });
  for (size_t i = 1; i < by_name_.size(); ++i)
    expect(records_[by_name_[i - 1]].name != records_[by_name_[i]].name, "two records are named '",
           records_[by_name_[i]].name, "'");
}

const ZipRecord* ZipReader::find(std::string_view name) const {
  auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                             [&](uint32_t i, std::string_view n) { return records_[i].name < n; });
  return at != by_name_.end() && records_[*at].name == name ? &records_[*at] : nullptr;
}

void ZipReader::read(const ZipRecord& r, void* to) const {
  uint32_t crc = 0;
  if (r.compressed) {
    expect(inflate(raw(r), to, r.size), "record '", r.name, "' is compressed, and damaged");
    crc = crc32(0, to, r.size);
  } else if (r.crc) {
    crc = copy_crc32(0, to, raw(r).data(), r.size);
  } else if (r.size) {
    std::memcpy(to, raw(r).data(), r.size);
  }
  // PyTorch can leave the checksums out: then they are zero.
  expect(!r.crc || crc == r.crc, "record '", r.name, "' is damaged: its checksum disagrees");
}

std::string_view ZipReader::checked(const ZipRecord& r) const {
  expect(!r.compressed, "record '", r.name, "' is compressed");
  expect(!r.crc || crc32(0, raw(r).data(), r.size) == r.crc, "record '", r.name,
         "' is damaged: its checksum disagrees");
  return raw(r);
}

std::string ZipReader::read(const ZipRecord& r) const {
  std::string text(r.size, '\0');
  read(r, text.data());
  return text;
}

// ---- writing

void ZipWriter::put(const std::string& bytes) {
  sink_.write(bytes);
  position_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::span<const std::string_view> pieces) {
  check_as(ErrorKind::Value, name.size() <= 0xFFFF, "a record's name of ", name.size(), " bytes is too long");
  uint64_t size = 0;
  for (std::string_view piece : pieces) size += piece.size();
  Entry e{name, size, position_, 0};
  const bool far = position_ >= kMax32, large = size >= kMax32;
  std::string wide;
  if (far || large) {
    append_le<uint16_t>(wide, 1);
    append_le<uint16_t>(wide, static_cast<uint16_t>((large ? 16 : 0) + (far ? 8 : 0)));
    if (large) append_le(wide, size), append_le(wide, size);
    if (far) append_le(wide, position_);
  }
  const uint64_t start = position_ + kLocal + name.size() + wide.size() + 4;
  const uint64_t padding = (kAlignment - start % kAlignment) % kAlignment;
  std::string head = "PK\x03\x04";
  append_le<uint16_t>(head, 0);
  append_le<uint16_t>(head, size ? kHasDescriptor | kUtf8 : kUtf8);
  head.append(18, '\0');  // method, time, checksum and sizes: those stand behind the data and in the directory
  append_le<uint16_t>(head, static_cast<uint16_t>(name.size()));
  append_le<uint16_t>(head, static_cast<uint16_t>(wide.size() + 4 + padding));
  head += name + wide + "FB";
  append_le<uint16_t>(head, static_cast<uint16_t>(padding));
  head.append(padding, 'Z');
  put(head);
  for (std::string_view piece : pieces) {
    e.crc = crc32(e.crc, piece.data(), piece.size());
    if (!piece.empty()) sink_.write(piece);
  }
  if (size) {
    position_ += size;
    std::string tail = "PK\x07\x08";
    append_le(tail, e.crc);
    for (int i = 0; i < 2; ++i) {
      if (far || large) append_le(tail, size);
      else append_le(tail, static_cast<uint32_t>(size));
    }
    put(tail);
  }
  entries_.push_back(e);
}

std::string ZipWriter::fingerprint() const {
  uint64_t names = 0, data = 0;
  for (const Entry& e : entries_) {
    for (char c : e.name) names = (names ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    data = (data ^ e.crc) * 0x9E3779B97F4A7C15u;
  }
  char text[48];
  std::snprintf(text, sizeof(text), "%020llu%020llu", static_cast<unsigned long long>(names),
                static_cast<unsigned long long>(data));
  return text;
}

void ZipWriter::put_central(const Entry& e) {
  const bool far = e.header >= kMax32, large = e.size >= kMax32;
  std::string wide;
  if (far || large) {
    append_le<uint16_t>(wide, 1);
    append_le<uint16_t>(wide, static_cast<uint16_t>((large ? 16 : 0) + (far ? 8 : 0)));
    if (large) append_le(wide, e.size), append_le(wide, e.size);
    if (far) append_le(wide, e.header);
  }
  std::string head = "PK\x01\x02";
  append_le<uint32_t>(head, 0);
  append_le<uint16_t>(head, e.size ? kHasDescriptor | kUtf8 : kUtf8);
  head.append(6, '\0');
  append_le(head, e.crc);
  append_le(head, large ? kMax32 : static_cast<uint32_t>(e.size));
  append_le(head, large ? kMax32 : static_cast<uint32_t>(e.size));
  append_le<uint16_t>(head, static_cast<uint16_t>(e.name.size()));
  append_le<uint16_t>(head, static_cast<uint16_t>(wide.size()));
  head.append(10, '\0');
  append_le(head, far ? kMax32 : static_cast<uint32_t>(e.header));
  put(head + e.name + wide);
}

void ZipWriter::finish() {
  const uint64_t directory = position_, count = entries_.size();
  for (const Entry& e : entries_) put_central(e);
  const uint64_t size = position_ - directory, end64 = position_;
  std::string tail = "PK\x06\x06";
  append_le<uint64_t>(tail, kEnd64 - 12);
  append_le<uint16_t>(tail, 0x031E);  // made by a Unix system, version 3.0
  append_le<uint16_t>(tail, 0x002D);  // 4.5: 64-bit sizes
  append_le<uint64_t>(tail, 0);       // disks
  for (uint64_t v : {count, count, size, directory}) append_le(tail, v);
  tail += "PK\x06\x07";
  append_le<uint32_t>(tail, 0);
  append_le(tail, end64);
  append_le<uint32_t>(tail, 1);
  tail += "PK\x05\x06";
  append_le<uint32_t>(tail, 0);
  const auto count16 = static_cast<uint16_t>(count < 0xFFFF ? count : 0xFFFF);
  append_le(tail, count16);
  append_le(tail, count16);
  append_le(tail, size < kMax32 ? static_cast<uint32_t>(size) : kMax32);
  append_le(tail, directory < kMax32 ? static_cast<uint32_t>(directory) : kMax32);
  append_le<uint16_t>(tail, 0);
  put(tail);
}

}  // namespace gradus::io
