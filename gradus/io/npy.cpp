// .npy: a Python dict of three entries as text, then the elements. .npz: a zip archive of such files.
#include "gradus/io/npy.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/impl.h"
#include "gradus/core/read.h"
#include "gradus/gen/functions.h"
#include "gradus/io/checkpoint_format.h"
#include "gradus/io/little_endian.h"
#include "gradus/io/npy_format.h"
#include "gradus/io/zip.h"

namespace gradus::io {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kTypes[kNumDTypes] = {"|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<f2", "<V2", "<f4", "<f8"};

template <class... A>
[[noreturn]] void refuse(const A&... parts) {
  raise(ErrorKind::Value, str("cannot read the array: ", parts...));
}
template <class... A>
void expect(bool ok, const A&... parts) {
  if (!ok) refuse(parts...);
}

struct Header {
  DType dtype = DType::Float32;
  bool swapped = false, fortran = false;
  Dims sizes;
  size_t data = 0;  // where the elements begin
};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}
  Header read() {
    need("{");
    int seen = 0;
    while (!accept("}")) {
      const std::string_view key = string();
      need(":");
      if (key == "descr") descr(), seen += 1;
      else if (key == "fortran_order") order(), seen += 10;
      else if (key == "shape") shape(), seen += 100;
      else refuse("its header has an unknown key");
      if (!accept(",")) {
        need("}");
        break;
      }
    }
    skip_space();
    expect(seen == 111 && text_.empty(), "its header does not say type, order and shape");
    return header_;
  }

 private:
  void skip_space() {
    while (!text_.empty() && std::string_view(" \t\r\n").find(text_[0]) != std::string_view::npos)
      text_.remove_prefix(1);
  }
  bool accept(std::string_view token) {
    skip_space();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void need(std::string_view token) { expect(accept(token), "its header is broken"); }
  std::string_view string() {
    const char quote = accept("'") ? '\'' : accept("\"") ? '"' : '\0';
    const size_t end = quote ? text_.find(quote) : text_.npos;
    expect(end != text_.npos, "its header is broken");
    const std::string_view out = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return out;
  }
  void descr() {
    skip_space();
    check_as(ErrorKind::Type, !text_.starts_with("["), "arrays of records have no counterpart here");
    const std::string_view given = string();
    for (int i = 0; i < kNumDTypes; ++i) {
      const std::string_view known = kTypes[i];
      if (given.size() != known.size() || given.substr(1) != known.substr(1)) continue;
      if (std::string_view("|<>=").find(given[0]) == std::string_view::npos) continue;
      header_.dtype = static_cast<DType>(i);
      header_.swapped = given[0] == '>';
      return;
    }
    raise(ErrorKind::Type, str("arrays of type '", given.substr(0, 16), "' have no counterpart here"));
  }
  void order() {
    header_.fortran = accept("True");
    if (!header_.fortran) need("False");
  }
  void shape() {
    need("(");
    while (!accept(")")) {
      skip_space();
      int64_t size = 0;
      size_t digits = 0;
      for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits)
        expect(!__builtin_mul_overflow(size, int64_t{10}, &size) &&
                   !__builtin_add_overflow(size, int64_t{text_[digits] - '0'}, &size),
               "its shape overflows");
      expect(digits > 0 && header_.sizes.size() < 64, "its shape is broken");
      text_.remove_prefix(digits);
      accept("L");  // Python 2 marked long numbers
      header_.sizes.push_back(size);
      if (!accept(",")) {
        need(")");
        break;
      }
    }
  }
  std::string_view text_;
  Header header_;
};

Header read_header(std::string_view bytes) {
  expect(bytes.size() >= 10 && bytes.starts_with(kMagic), "it does not begin as a .npy file does");
  const int version = static_cast<unsigned char>(bytes[6]);
  expect(version >= 1 && version <= 3 && bytes[7] == 0, "its version ", version, ".", static_cast<int>(bytes[7]),
         " is unknown");
  const size_t start = version == 1 ? 10 : 12;
  expect(bytes.size() >= start, "it is cut off");
  const size_t length = version == 1 ? load_le<uint16_t>(bytes.data() + 8) : load_le<uint32_t>(bytes.data() + 8);
  expect(length <= bytes.size() - start, "it is cut off");
  Header h = HeaderReader(bytes.substr(start, length)).read();
  h.data = start + length;
  return h;
}

Dims fortran_strides(const Dims& sizes) {
  Dims out(sizes.size(), 1);
  int64_t step = 1;
  for (int64_t i = 0; i < sizes.size(); ++i) {
    out[i] = step;
    step *= sizes[i] > 1 ? sizes[i] : 1;
  }
  return out;
}

}  // namespace

Tensor read_npy(std::string_view bytes) {
  const Header h = read_header(bytes);
  const int64_t item = item_size(h.dtype);
  int64_t size = item;
  bool empty = false;
  for (int64_t s : h.sizes) {
    empty |= s == 0;
    expect(!__builtin_mul_overflow(size, s ? s : 1, &size), "its shape overflows");
  }
  if (empty) size = 0;
  expect(static_cast<uint64_t>(size) == bytes.size() - h.data, "its shape asks for ", size, " bytes, but ",
         bytes.size() - h.data, " are there");
  Storage* s = new_storage(size);
  auto* to = static_cast<char*>(s->data);
  if (size) std::memcpy(to, bytes.data() + h.data, static_cast<size_t>(size));
  for (int64_t i = 0; h.swapped && i < size; i += item) std::reverse(to + i, to + i + item);
  // A bool is 0 or 1, whatever the file says.
  for (int64_t i = 0; h.dtype == DType::Bool && i < size; ++i) to[i] = to[i] != 0;
  const bool fortran = h.fortran && h.sizes.size() > 1;
  return Tensor(new_tensor(new_view(s, h.dtype, h.sizes, fortran ? IntList(fortran_strides(h.sizes)) : IntList(), 0)));
}

nn::NamedTensors read_npz(std::string_view bytes) {
  if (bytes.size() == 22 && bytes.starts_with("PK\x05\x06")) return {};  // an archive of nothing
  const ZipReader zip(bytes);
  nn::NamedTensors out;
  for (const ZipRecord& r : zip.records()) {
    expect(r.name.ends_with(".npy"), "the archive holds '", r.name, "', which is no array");
    // What is compressed shrinks to no less than its thousandth: a larger promise is a lie.
    expect(!r.compressed || r.size / 1100 <= r.stored, "'", r.name, "' promises more than its bytes can stand for");
    out.push_back({std::string(r.name.substr(0, r.name.size() - 4)), {}});
    out.back().tensor = r.compressed ? read_npy(zip.read(r)) : read_npy(zip.checked(r));
  }
  return out;
}

namespace {

std::string header_of(const Tensor& t) {
  std::string text = str("{'descr': '", kTypes[static_cast<int>(t.dtype())], "', 'fortran_order': False, 'shape': (");
  for (int64_t i = 0; i < t.dim(); ++i) text += str(i ? ", " : "", t.size(i));
  text += t.dim() == 1 ? ",), }" : "), }";
  const size_t start = text.size() + 11 > 0xFFFF ? 12 : 10;
  text.append(63 - (start + text.size()) % 64, ' ');
  text += '\n';
  std::string head(kMagic);
  head += start == 12 ? std::string("\x02\x00", 2) : std::string("\x01\x00", 2);
  if (start == 12) append_le(head, static_cast<uint32_t>(text.size()));
  else append_le(head, static_cast<uint16_t>(text.size()));
  return head + text;
}

Tensor dense(const Tensor& t, std::string_view what) {
  check_as(ErrorKind::Value, t.defined(), what, ": the tensor is undefined");
  return t.detach().contiguous();
}
size_t bytes_of(const Tensor& t) { return static_cast<size_t>(t.numel() * t.element_size()); }

}  // namespace

}  // namespace gradus::io

namespace gradus {

void save_npy(const Tensor& tensor, const std::string& path) {
  const Tensor t = io::dense(tensor, "save_npy()");
  io::FileSink file(path);
  file.write(io::header_of(t));
  if (t.numel()) file.write(read_data(t), io::bytes_of(t));
  file.commit();
}

Tensor load_npy(const std::string& path) {
  const io::MappedFile file(path);
  return io::read_npy(file.bytes());
}

void save_npz(const nn::NamedTensors& tensors, const std::string& path) {
  std::unordered_set<std::string_view> names;
  for (const nn::NamedTensor& t : tensors)
    check_as(ErrorKind::Value, names.insert(t.name).second, "save_npz(): two tensors are named '", t.name, "'");
  io::FileSink file(path);
  io::ZipWriter zip(file);
  for (const nn::NamedTensor& named : tensors) {
    const Tensor t = io::dense(named.tensor, "save_npz()");
    const std::string header = io::header_of(t);
    const std::string_view pieces[] = {header, {static_cast<const char*>(read_data(t)), io::bytes_of(t)}};
    zip.add(named.name + ".npy", pieces);
  }
  zip.finish();
  file.commit();
}

nn::NamedTensors load_npz(const std::string& path) {
  const io::MappedFile file(path);
  return io::read_npz(file.bytes());
}

}  // namespace gradus
