// Exceptions with PyTorch's classes, and the one function that raises them.
#pragma once
#include <exception>
#include <string>
#include <string_view>

namespace gradus {

/// The Python class an error becomes; in C++ every one of them is a gradus::Error.
enum class ErrorKind : unsigned char {
  Runtime,
  Index,
  Value,
  Type,
  NotImplemented,
  Attribute,
  OutOfMemory,
  ZeroDivision,
  Linalg
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(static_cast<std::string&&>(message)) {}
  ErrorKind kind() const { return kind_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
};

[[noreturn]] void raise(ErrorKind kind, std::string message);

/// The Python class a warning becomes.
enum class WarningKind : unsigned char { User, Deprecation, Future, Runtime };
/// Tells the user something that is no error. Python raises it as a warning (which its filters may turn into an
/// exception); in C++ every text is printed once, to standard error.
void warn(std::string_view message, WarningKind kind = WarningKind::User);
/// Receives warnings instead of the printer; null restores that. Returns the handler before.
using WarningHandler = void (*)(std::string_view message, WarningKind kind);
WarningHandler set_warning_handler(WarningHandler handler) noexcept;

}  // namespace gradus
