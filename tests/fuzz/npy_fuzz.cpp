// NumPy's files as the fuzzer makes them: the first byte says whether the rest is an array or an archive.
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "gradus/core/format.h"
#include "gradus/gradus.h"
#include "gradus/io/inflate.h"
#include "gradus/io/npy_format.h"
#include "tests/fuzz/fuzz.h"

namespace gradus::fuzz {

namespace {

void call(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return;
  if (bytes[0] == 0) {
    touch(io::read_npy(bytes.substr(1)));
  } else if (bytes[0] == 1) {
    for (const nn::NamedTensor& t : io::read_npz(bytes.substr(1))) touch(t.tensor);
  } else {
    std::string out(static_cast<unsigned char>(bytes[0]), '\0');
    check(io::inflate(bytes.substr(1), out.data(), out.size()), "damaged");
  }
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string npy(const uint8_t* data, size_t size) {
  // A compressed array may be a thousand times its bytes: the bound is what the format permits.
  return guarded(&call, data, size, size && data[0] == 1 ? 1100 * size : size);
}

std::vector<std::string> npy_seeds() {
  std::vector<std::string> out;
  char folder[] = "/tmp/gradus-fuzz-XXXXXX";
  const std::string path = std::string(mkdtemp(folder)) + "/x";
  for (const Tensor& t :
       {arange(6, kFloat32).reshape({2, 3}), ones({}, kInt64), zeros({0, 2}), ones({3}, kBool), ones({2}, kBFloat16)}) {
    save_npy(t, path);
    out.push_back(std::string(1, '\0') + contents(path));
  }
  save_npz({{"a", arange(5)}, {"b", ones({2, 2})}}, path);
  out.push_back('\x01' + contents(path));
  unlink(path.c_str());
  rmdir(folder);
  const std::string header = "{'descr': '>f4', 'fortran_order': True, 'shape': (1L, 2), }";
  out.push_back(std::string("\0\x93NUMPY\x02\x00", 9) + static_cast<char>(header.size()) + std::string(3, '\0') +
                header + "12345678");
  // "abc" stored and in fixed codes; 138 bytes of text in codes of their own.
  out.push_back(
      std::string("\x03\x01\x03\x00\xfc\xff"
                  "abc",
                  9));
  out.push_back(std::string("\x03\x4b\x4c\x4a\x06\x00", 6));
  constexpr char kDynamic[] =
      "\x8a\x25\x8c\xdb\x11\x00\x21\x0c\x02\x5b\x3a\x93\x18\x4f\xa8\xe6\xde\xfd\x77\x70\xa8\x5f\x30\xc3\xb2\x1b\x58\xc0"
      "\x00\xbb\x4a\x82\x56\x71\x9c\xd7\xfd\xd0\x13\x23\x5f\x46\xc7\xc8\x8f\x29\x6a\x17\xec\x22\x68\xa1\x99\xd1\xb4\xb1"
      "\x19\x74\x30\x08\xf6\xb2\xee\x03\x37\x49\xab\x70\x07\xdb\x26\xbb\xcd\x89\xd5\xa7\x98\x3d\xb1\xfc\x81\xc9\xff";
  out.emplace_back(kDynamic, sizeof(kDynamic) - 1);
  return out;
}

}  // namespace gradus::fuzz
