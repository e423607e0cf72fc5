// Zip archives as PyTorch writes them: records stored as they are, each starting at a multiple of 64 bytes.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gradus/io/file.h"

namespace gradus::io {

/// One record of an archive: where its bytes lie in the file.
struct ZipRecord {
  std::string_view name;
  uint64_t header = 0, offset = 0;  // of the local header and of the data
  uint64_t stored = 0, size = 0;    // bytes in the file, bytes of the content
  uint32_t crc = 0;
  bool compressed = false;
};

/// Reads the directory of an archive in memory. Every record was checked to lie inside it and to overlap no other.
class ZipReader {
 public:
  /// RuntimeError if the bytes are no archive or a broken one.
  explicit ZipReader(std::string_view bytes);
  const std::vector<ZipRecord>& records() const { return records_; }  // in the order of the file
  /// The record of that name; null if there is none.
  const ZipRecord* find(std::string_view name) const;
  /// The bytes of a record that is not compressed, unchecked.
  std::string_view raw(const ZipRecord& r) const { return bytes_.substr(r.offset, r.stored); }
  /// Copies the content to `to`, which has room for `size` bytes. RuntimeError if the checksum disagrees.
  void read(const ZipRecord& r, void* to) const;
  std::string read(const ZipRecord& r) const;
  /// The bytes of a record that is not compressed, in place. RuntimeError if the checksum disagrees.
  std::string_view checked(const ZipRecord& r) const;

 private:
  void read_directory(uint64_t at, uint64_t size, uint64_t count);
  void locate(ZipRecord& r) const;
  void check_overlap();

  std::string_view bytes_;
  std::vector<ZipRecord> records_;  // by position
  std::vector<uint32_t> by_name_;
};

/// True if the bytes begin as an archive does.
inline bool is_zip(std::string_view bytes) { return bytes.starts_with("PK\x03\x04"); }

/// Writes an archive record by record, without going back.
class ZipWriter {
 public:
  explicit ZipWriter(Sink& sink) : sink_(sink) {}
  void add(const std::string& name, std::string_view content) { add(name, {&content, 1}); }
  /// A record made of several pieces.
  void add(const std::string& name, std::span<const std::string_view> pieces);
  /// A digest of all records so far.
  std::string fingerprint() const;
  void finish();

 private:
  struct Entry {
    std::string name;
    uint64_t size, header;
    uint32_t crc;
  };
  void put(const std::string& bytes);
  void put_central(const Entry& e);

  Sink& sink_;
  uint64_t position_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace gradus::io
