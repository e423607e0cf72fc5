// RFC 1951 by canonical Huffman codes read bit by bit: short, and safe on any input.
#include "gradus/io/inflate.h"

#include <cstdint>
#include <cstring>

namespace gradus::io {

namespace {

constexpr int kMaxBits = 15;

struct Damaged {};
void expect(bool ok) {
  if (!ok) throw Damaged{};
}

class Bits {
 public:
  explicit Bits(std::string_view data) : data_(data) {}
  uint32_t take(int n) {
    while (held_ < n) {
      expect(!data_.empty());
      value_ |= uint64_t{static_cast<unsigned char>(data_[0])} << held_;
      data_.remove_prefix(1);
      held_ += 8;
    }
    const auto bits = static_cast<uint32_t>(value_ & ((uint64_t{1} << n) - 1));
    value_ >>= n;
    held_ -= n;
    return bits;
  }
  /// `n` whole bytes, after the rest of the current one.
  std::string_view bytes(size_t n) {
    const int whole = held_ / 8;  // at most one byte was read ahead: take() holds less than eight bits over
    value_ = 0, held_ = 0;
    expect(whole == 0 && data_.size() >= n);
    std::string_view out = data_.substr(0, n);
    data_.remove_prefix(n);
    return out;
  }

 private:
  std::string_view data_;
  uint64_t value_ = 0;
  int held_ = 0;
};

// Symbols in the order of their codes, and how many there are of each length.
struct Code {
  uint16_t count[kMaxBits + 1] = {}, symbol[288];

  void build(const uint8_t* lengths, int n) {
    std::memset(count, 0, sizeof(count));
    for (int i = 0; i < n; ++i) ++count[lengths[i]];
    count[0] = 0;
    int left = 1;
    for (int bits = 1; bits <= kMaxBits; ++bits) {
      left = left * 2 - count[bits];
      expect(left >= 0);  // more codes than there are
    }
    uint16_t next[kMaxBits + 2] = {};
    for (int bits = 1; bits <= kMaxBits; ++bits) next[bits + 1] = static_cast<uint16_t>(next[bits] + count[bits]);
    for (int i = 0; i < n; ++i)
      if (lengths[i]) symbol[next[lengths[i]]++] = static_cast<uint16_t>(i);
  }
  int read(Bits& in) const {
    int code = 0, first = 0, index = 0;
    for (int bits = 1; bits <= kMaxBits; ++bits) {
      code |= static_cast<int>(in.take(1));
      if (code - first < count[bits]) return symbol[index + code - first];
      index += count[bits];
      first = (first + count[bits]) << 1;
      code <<= 1;
    }
    throw Damaged{};
  }
};

struct Output {
  char* start;
  size_t size, used = 0;
  void put(std::string_view bytes) {
    expect(bytes.size() <= size - used);
    std::memcpy(start + used, bytes.data(), bytes.size());
    used += bytes.size();
  }
  void put(char c) {
    expect(used < size);
    start[used++] = c;
  }
  void repeat(size_t length, size_t distance) {
    expect(distance <= used && length <= size - used);
    for (; length; --length, ++used) start[used] = start[used - distance];
  }
};

constexpr uint16_t kLength[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr uint8_t kLengthBits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                   2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr uint16_t kDistance[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                  33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                  1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};

void read_block(Bits& in, Output& out, const Code& lengths, const Code& distances) {
  for (;;) {
    const int symbol = lengths.read(in);
    if (symbol < 256) {
      out.put(static_cast<char>(symbol));
      continue;
    }
    if (symbol == 256) return;
    expect(symbol < 286);
    const size_t length = kLength[symbol - 257] + in.take(kLengthBits[symbol - 257]);
    const int d = distances.read(in);
    expect(d < 30);
    out.repeat(length, kDistance[d] + in.take(d < 2 ? 0 : d / 2 - 1));
  }
}

void read_fixed(Bits& in, Output& out) {
  uint8_t lengths[288], distances[30];
  for (int i = 0; i < 288; ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  for (uint8_t& d : distances) d = 5;
  Code length_code, distance_code;
  length_code.build(lengths, 288);
  distance_code.build(distances, 30);
  read_block(in, out, length_code, distance_code);
}

void read_dynamic(Bits& in, Output& out) {
  constexpr uint8_t kOrder[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const int n_lengths = static_cast<int>(in.take(5)) + 257, n_distances = static_cast<int>(in.take(5)) + 1;
  const int n_codes = static_cast<int>(in.take(4)) + 4;
  expect(n_lengths <= 286 && n_distances <= 30);
  uint8_t lengths[286 + 30] = {};
  for (int i = 0; i < n_codes; ++i) lengths[kOrder[i]] = static_cast<uint8_t>(in.take(3));
  Code code;
  code.build(lengths, 19);
  std::memset(lengths, 0, sizeof(lengths));
  for (int i = 0; i < n_lengths + n_distances;) {
    const int symbol = code.read(in);
    if (symbol < 16) {
      lengths[i++] = static_cast<uint8_t>(symbol);
      continue;
    }
    expect(symbol != 16 || i > 0);
    const uint8_t value = symbol == 16 ? lengths[i - 1] : 0;
    const int times = static_cast<int>(symbol == 16 ? 3 + in.take(2) : symbol == 17 ? 3 + in.take(3) : 11 + in.take(7));
    expect(i + times <= n_lengths + n_distances);
    for (int k = 0; k < times; ++k) lengths[i++] = value;
  }
  Code length_code, distance_code;
  length_code.build(lengths, n_lengths);
  distance_code.build(lengths + n_lengths, n_distances);
  read_block(in, out, length_code, distance_code);
}

}  // namespace

bool inflate(std::string_view data, void* to, size_t size) {
  Bits in(data);
  Output out{static_cast<char*>(to), size};
  try {
    for (bool last = false; !last;) {
      last = in.take(1);
      switch (in.take(2)) {
        case 0: {
          const std::string_view head = in.bytes(4);
          const auto byte = [&](int i) { return static_cast<size_t>(static_cast<unsigned char>(head[i])); };
          const size_t n = byte(0) | byte(1) << 8;
          expect((n ^ 0xFFFF) == (byte(2) | byte(3) << 8));
          out.put(in.bytes(n));
          break;
        }
        case 1: read_fixed(in, out); break;
        case 2: read_dynamic(in, out); break;
        default: return false;
      }
    }
  } catch (Damaged) { return false; }
  return out.used == size;
}

}  // namespace gradus::io
