// A strict reader of JSON for headers: objects, lists, strings and whole numbers, nothing built in memory.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace gradus::io {

/// Walks over a text; every function raises JsonError where the text does not go on as expected.
class JsonReader {
 public:
  struct JsonError {
    size_t position;
  };
  explicit JsonReader(std::string_view text) : text_(text) {}
  /// Calls f(key) for every member of an object; f reads the value.
  template <class F>
  void object(F&& f) {
    expect('{');
    if (accept('}')) return;
    do {
      const std::string key = string();
      expect(':');
      f(key);
    } while (accept(','));
    expect('}');
  }
  /// Calls f() for every item of a list; f reads it.
  template <class F>
  void list(F&& f) {
    expect('[');
    if (accept(']')) return;
    do f();
    while (accept(','));
    expect(']');
  }
  std::string string();  // as UTF-8
  uint64_t number();     // digits alone
  /// Only white space follows.
  void end();
  [[noreturn]] void refuse() const { throw JsonError{position_}; }

 private:
  void skip_space();
  bool accept(char c);
  void expect(char c);
  uint32_t hex4();
  void escape(std::string& out);
  std::string_view text_;
  size_t position_ = 0;
};

/// The text as a JSON string, in quotes.
std::string json_string(std::string_view text);
/// True if the bytes are valid UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

}  // namespace gradus::io
