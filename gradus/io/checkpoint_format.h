// The parts of checkpoint.h that work on bytes in memory and leave decisions to a host: the Python binding uses them.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gradus/io/file.h"
#include "gradus/io/object.h"
#include "gradus/io/unpickle.h"
#include "gradus/io/zip.h"

namespace gradus::io {

/// What the reader asks of the program around it.
class Host {
 public:
  virtual bool allows(std::string_view /*global*/) { return false; }
  /// Called once for each storage: where it lies from now on. Raises for locations that are not here.
  virtual Object place(const Object& storage, std::string_view location);

 protected:
  ~Host() = default;
};

/// Raises PyTorch's error for tensors saved from a device that is not here.
void expect_cpu(std::string_view location);

/// Reads one checkpoint from the start of `bytes`. The value may hold circles: it is valid as long as the reader.
class CheckpointReader final : public Surroundings {
 public:
  /// With a `mapping`, tensors lie in it: `bytes` must be a part of it.
  CheckpointReader(std::string_view bytes, Mapping* mapping, Host& host, bool text_as_bytes = false);
  Object read();
  /// The value survives the reader: raises if it holds circles.
  void keep(const Object& value);
  /// Bytes read: of the old format several may stand one behind the other.
  size_t consumed() const { return consumed_; }

 private:
  struct Record {
    Object flat;
    int64_t bytes;
  };
  bool allows(std::string_view global) override { return host_.allows(global); }
  Object storage(const Object& reference) override;
  Object zip_storage(const std::string& key, DType dtype, int64_t numel);
  Object old_storage(const std::string& key, const std::string& location, DType dtype, int64_t numel,
                     const Object& view);
  Object read_zip();
  Object read_old();
  void fill_old(const Object& keys);

  std::string_view bytes_;
  Mapping* mapping_;
  Host& host_;
  bool text_as_bytes_;
  size_t consumed_ = 0;
  bool old_ = false, big_endian_ = false;
  int64_t promised_ = 0;
  std::string prefix_, pickle_;
  std::unique_ptr<ZipReader> zip_;
  std::unique_ptr<Unpickler> unpickler_;
  std::unordered_map<std::string, Record> storages_;
};

/// Writes a checkpoint; `archive` is the name of the folder inside it.
void write_checkpoint(const Object& value, Sink& sink, const std::string& archive = "archive");
/// The same in the format before PyTorch 1.6.
void write_old_checkpoint(const Object& value, Sink& sink);
/// The name that torch.save gives the folder inside the archive.
std::string archive_name(const std::string& path);

/// A flat tensor of its own memory, of a dtype and a number of elements.
gradus::Tensor flat_tensor(DType dtype, int64_t numel);
/// A flat tensor over a part of a mapping, which stays mapped as long as the tensor.
gradus::Tensor mapped_tensor(Mapping* mapping, const char* data, DType dtype, int64_t numel);

}  // namespace gradus::io
