// Reading of pickles by a machine that knows a list of names and runs nothing else.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gradus/io/object.h"

namespace gradus::io {

/// What a pickle may refer to beyond the list: classes the user allows, and the storages of its file.
class Surroundings {
 public:
  /// "module.name" of a class or function that may be called.
  virtual bool allows(std::string_view /*global*/) { return false; }
  /// A flat tensor (Object::Kind::Storage) for the reference a pickle makes to a storage.
  virtual Object storage(const Object& reference);

 protected:
  ~Surroundings() = default;
};

/// Reads pickles that stand one behind the other. FileError (Unpickling, EndOfFile) for what is wrong with them.
class Unpickler {
 public:
  Unpickler(std::string_view bytes, Surroundings& surroundings, bool text_as_bytes = false)
      : bytes_(bytes), surroundings_(surroundings), text_as_bytes_(text_as_bytes) {}
  Unpickler(const Unpickler&) = delete;
  Unpickler& operator=(const Unpickler&) = delete;
  /// Takes apart what keep() did not name: containers may hold each other in a circle.
  ~Unpickler();
  Object load();
  /// What `value` holds belongs to the caller. Raises if it holds itself, however far down, or is nested deeper than
  /// 1,000 levels: then nothing is kept.
  void keep(const Object& value);
  size_t position() const { return position_; }

 private:
  void step(unsigned char op);
  bool step_scalar(unsigned char op);
  bool step_text(unsigned char op);
  bool step_container(unsigned char op);
  bool step_stack(unsigned char op);
  std::string_view take(uint64_t n);
  template <class T>
  T number();
  Object pop();
  Object& top();
  std::vector<Object> pop_to_mark();
  void push(Object v) { stack_.push_back(static_cast<Object&&>(v)); }
  Object made(Object v);
  void push_tuple(size_t n);
  void push_string(std::string_view text);
  void push_python2_string(std::string_view text);
  void put(uint32_t number);
  void get(uint32_t number);
  void append(std::vector<Object> items);
  void set_items(std::vector<Object> items, std::string_view opcode = "SETITEMS");
  void add_items(std::vector<Object> items);
  void global(std::string module, std::string name);
  void read_global();
  void reduce();
  void new_object();
  void build();

  std::string_view bytes_;
  Surroundings& surroundings_;
  bool text_as_bytes_;
  size_t position_ = 0;
  std::vector<Object> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, Object> memo_;
  std::vector<Object> made_;
};

// ---- what the machine shares with the functions it knows

/// Raises a FileError of an unpickling.
[[noreturn]] void refuse_pickle(std::string message);
/// The number of a function or class that the machine knows, or -1. Names that PyTorch knows and Gradus lacks raise.
int known_global(std::string_view name);
/// Calls a known function. `made` registers containers.
Object call_known(int id, const std::vector<Object>& args, std::vector<Object>& made);
/// The dtype of that name ("torch.float32"), if it is one.
std::optional<DType> known_dtype(std::string_view name);
/// The dtype that a storage class stands for.
DType storage_dtype(const Object& storage_class);

}  // namespace gradus::io
