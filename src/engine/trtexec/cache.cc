#include "engine/trtexec/cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <span>

#include "base/descriptor.h"
#include "base/file_tree.h"
#include "base/hash.h"
#include "base/text_file.h"
#include "base/whole_file.h"
#include "cost/onnx_reader.h"

namespace isojoule::trtexec {
namespace {

namespace fs = std::filesystem;

// The board's model and the host's name: two boards may share a folder.
std::string machine() {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  return make_real_file_tree()->read("/proc/device-tree/model").value_or("") + "\n" + host;
}

std::string stamp_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return file.string() + " is not there";
  const auto time = fs::last_write_time(file, error).time_since_epoch().count();
  return file.string() + " " + std::to_string(size) + " " + std::to_string(time);
}

Status write_all(int descriptor, std::span<const char> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return tl::unexpected(error_from_errno(errno, path, "write"));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::string> engine_key(const std::string& model, const ModelInputs& inputs,
                               const std::string& identity) {
  ISOJOULE_TRY(const MappedFile file, MappedFile::open(model));
  std::string text = content_hash({file.bytes().data(), file.bytes().size()});
  text += "\n" + identity + "\n" + machine();
  const fs::path folder = fs::path(model).parent_path();
  for (const std::string& name : inputs.external_files) text += "\n" + stamp_of(folder / name);
  return content_hash(text);
}

std::optional<CachedEngine> find_engine(const std::string& folder, const std::string& key) {
  CachedEngine cached{folder + "/" + key + ".engine", {}};
  std::error_code error;
  if (!fs::is_regular_file(cached.path, error) || fs::file_size(cached.path, error) == 0)
    return std::nullopt;
  if (const auto layers = read_text_file(folder + "/" + key + ".layers"))
    cached.placement = placement_from(*layers);
  return cached;
}

Status copy_file_whole(const std::string& from, const std::string& to) {
  ISOJOULE_TRY(const MappedFile file, MappedFile::open(from));
  return write_whole_file(to,
                          [&](int descriptor) { return write_all(descriptor, file.bytes(), to); });
}

Status keep_engine(const std::string& folder, const std::string& key, const std::string& engine,
                   const Placement& placement) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return tl::unexpected(error_from_errno(error.value(), folder, "make the folder"));
  // The lists first: an engine without them would hide where its layers run.
  ISOJOULE_CHECK(write_text_file(folder + "/" + key + ".layers", to_text(placement)));
  return copy_file_whole(engine, folder + "/" + key + ".engine");
}

}  // namespace isojoule::trtexec
