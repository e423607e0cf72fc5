// The one place that throws.
#include "gradus/core/error.h"

namespace gradus {

void raise(ErrorKind kind, std::string message) { throw Error(kind, std::move(message)); }

}  // namespace gradus
