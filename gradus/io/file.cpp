// Mapping of files, and their replacement by a rename.
#include "gradus/io/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "gradus/core/format.h"
#include "gradus/core/refcount.h"

namespace gradus::io {

namespace {

[[noreturn]] void raise_system(int code, const std::string& path) {
  throw FileError(FileError::Fault::System, str(std::strerror(code), ": '", path, "'"), code, path);
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// The file a name stands for: links are followed, so that the link stays and its target is replaced.
std::string resolved(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.c_str(), buffer) ? std::string(buffer) : path;
}

// A new file in the folder, with the access rights that files get here. -1 and errno if there is none.
int make_beside(const std::string& folder, std::string& name) {
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < 1000; ++attempt) {
    name = str(folder, "/.gradus-", getpid(), "-", counter++);
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) return file;  // left over from a program that was killed: the next name
  }
  return -1;
}

void sync_folder(const std::string& folder) {
  const int f = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (f < 0) return;  // the rename itself is done; some file systems cannot sync a folder
  fsync(f);
  close(f);
}

}  // namespace

Mapping* Mapping::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) raise_system(errno, path);
  struct stat info;
  int code = fstat(file, &info) < 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : S_ISREG(info.st_mode) ? 0 : ESPIPE;
  char* data = nullptr;
  const auto size = code ? 0 : static_cast<size_t>(info.st_size);
  if (!code && size) {
    void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
    if (p == MAP_FAILED) code = errno;
    else data = static_cast<char*>(p);
  }
  close(file);
  if (code) raise_system(code, path);
  return new Mapping(data, size);
}

Mapping::~Mapping() {
  if (data_) munmap(data_, size_);
}
void Mapping::retain() { ref_inc(refs_); }
void Mapping::release() {
  if (ref_dec(refs_)) delete this;
}

void FileSink::refuse(const char* what) const {
  raise(ErrorKind::Runtime, str("cannot ", what, " '", path_, "': ", std::strerror(errno)));
}

FileSink::FileSink(const std::string& path) : path_(path), target_(resolved(path)) {
  const std::string folder = folder_of(target_);
  struct stat info;
  check(stat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode), "Parent directory ", folder, " does not exist.");
  const bool exists = stat(target_.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    file_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) refuse("write to");
    return;
  }
  if (exists && access(target_.c_str(), W_OK) < 0) refuse("write to");
  file_ = make_beside(folder, temporary_);
  if (file_ < 0) {
    temporary_.clear();
    refuse("make a file beside");
  }
  if (exists) fchmod(file_, info.st_mode & 07777);
}

FileSink::~FileSink() {
  if (file_ >= 0) close(file_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void FileSink::write(const void* data, size_t size) {
  auto* p = static_cast<const char*>(data);
  while (size) {
    const ssize_t n = ::write(file_, p, size < (size_t{1} << 30) ? size : size_t{1} << 30);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse("write");
    p += n;
    size -= static_cast<size_t>(n);
  }
}

void FileSink::commit() {
  if (temporary_.empty()) return;
  if (fsync(file_) < 0) refuse("write");
  if (rename(temporary_.c_str(), target_.c_str()) < 0) refuse("replace");
  temporary_.clear();
  sync_folder(folder_of(target_));
}

}  // namespace gradus::io
