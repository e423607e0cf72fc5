// JSON by the letter of RFC 8259.
#include "gradus/io/json.h"

namespace gradus::io {

namespace {

void append_utf8(std::string& out, uint32_t c) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    const int more = lead >= 0xC2 && lead < 0xE0   ? 1
                     : lead >= 0xE0 && lead < 0xF0 ? 2
                     : lead >= 0xF0 && lead < 0xF5 ? 3
                                                   : 0;
    if (!more || text.size() - i < static_cast<size_t>(more)) return false;
    uint32_t c = lead & (0x3Fu >> more);
    for (int k = 0; k < more; ++k, ++i) {
      if ((text[i] & 0xC0) != 0x80) return false;
      c = c << 6 | (text[i] & 0x3Fu);
    }
    if ((more == 2 && (c < 0x800 || (c >= 0xD800 && c < 0xE000))) || (more == 3 && (c < 0x10000 || c > 0x10FFFF)))
      return false;
  }
  return true;
}

void JsonReader::skip_space() {
  while (position_ < text_.size() && std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos)
    ++position_;
}
bool JsonReader::accept(char c) {
  skip_space();
  if (position_ == text_.size() || text_[position_] != c) return false;
  ++position_;
  return true;
}
void JsonReader::expect(char c) {
  if (!accept(c)) refuse();
}
void JsonReader::end() {
  skip_space();
  if (position_ != text_.size()) refuse();
}

uint32_t JsonReader::hex4() {
  if (text_.size() - position_ < 4) refuse();
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text_[position_++];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) refuse();
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return value;
}

void JsonReader::escape(std::string& out) {
  if (position_ == text_.size()) refuse();
  const char c = text_[position_++];
  constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
  if (const size_t i = kFrom.find(c); i != kFrom.npos) {
    out += kTo[i];
    return;
  }
  if (c != 'u') refuse();
  uint32_t code = hex4();
  if (code >= 0xD800 && code < 0xDC00) {  // the first half of a pair
    if (text_.substr(position_, 2) != "\\u") refuse();
    position_ += 2;
    const uint32_t low = hex4();
    if (low < 0xDC00 || low >= 0xE000) refuse();
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code < 0xE000) {
    refuse();
  }
  append_utf8(out, code);
}

std::string JsonReader::string() {
  expect('"');
  std::string out;
  for (;;) {
    if (position_ == text_.size()) refuse();
    const char c = text_[position_++];
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20) refuse();
    if (c == '\\') escape(out);
    else out += c;
  }
  if (!is_utf8(out)) refuse();
  return out;
}

uint64_t JsonReader::number() {
  skip_space();
  const size_t start = position_;
  uint64_t value = 0;
  while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9')
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(text_[position_++] - '0'), &value))
      refuse();
  if (position_ == start || (text_[start] == '0' && position_ > start + 1)) refuse();
  return value;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kHex[] = "0123456789abcdef";
      constexpr std::string_view kFrom = "\b\f\n\r\t", kTo = "bfnrt";
      if (const size_t i = kFrom.find(c); i != kFrom.npos) {
        out += '\\';
        out += kTo[i];
      } else {
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
      }
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace gradus::io
