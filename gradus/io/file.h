// Files as the readers and writers of this folder see them: mapped to read, replaced as a whole to write.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gradus/core/error.h"

namespace gradus::io {

/// What went wrong with a file, beside its message: Python tells these apart by their classes.
class FileError : public Error {
 public:
  enum class Fault : uint8_t { System, EndOfFile, Unpickling, Safetensors };
  FileError(Fault fault, std::string message, int code = 0, std::string path = {})
      : Error(ErrorKind::Runtime, static_cast<std::string&&>(message)),
        fault_(fault),
        code_(code),
        path_(static_cast<std::string&&>(path)) {}
  Fault fault() const { return fault_; }
  int code() const { return code_; }  // errno of a System fault
  const std::string& path() const { return path_; }

 private:
  Fault fault_;
  int code_;
  std::string path_;
};

/// A whole file in memory, mapped privately: what is written to it never reaches the file. Counted by its users.
class Mapping {
 public:
  /// FileError (System) if the file cannot be opened or mapped.
  static Mapping* open(const std::string& path);
  char* data() const { return data_; }
  size_t size() const { return size_; }
  void retain();
  void release();

 private:
  Mapping(char* data, size_t size) : data_(data), size_(size) {}
  ~Mapping();
  uint32_t refs_ = 1;
  char* data_;
  size_t size_;
};

/// Owns one reference to a mapping.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) : mapping_(Mapping::open(path)) {}
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { mapping_->release(); }
  Mapping* get() const { return mapping_; }
  std::string_view bytes() const { return {mapping_->data(), mapping_->size()}; }

 private:
  Mapping* mapping_;
};

/// Where a writer puts its bytes.
class Sink {
 public:
  virtual void write(const void* data, size_t size) = 0;
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }

 protected:
  ~Sink() = default;
};

/// Collects bytes in memory.
class StringSink final : public Sink {
 public:
  using Sink::write;
  void write(const void* data, size_t size) override { text.append(static_cast<const char*>(data), size); }
  std::string text;
};

/// Writes a temporary file beside `path`; commit() syncs it and puts it in the place of `path` in one step. Without
/// commit nothing is left behind. A path that is no regular file (a pipe, a device) is written directly.
class FileSink final : public Sink {
 public:
  /// RuntimeError if the folder does not exist or cannot be written to.
  explicit FileSink(const std::string& path);
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink();
  using Sink::write;
  void write(const void* data, size_t size) override;
  void commit();

 private:
  [[noreturn]] void refuse(const char* what) const;
  std::string path_, target_, temporary_;
  int file_ = -1;
};

}  // namespace gradus::io
