#include "base/peak_memory.h"

#include <charconv>

#include "base/file_tree.h"

namespace isojoule {

std::optional<std::int64_t> peak_memory_in(std::string_view status) {
  constexpr std::string_view key = "\nVmHWM:";
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + key.size());
  const std::size_t digits = status.find_first_not_of(" \t");
  if (digits == std::string_view::npos) return std::nullopt;
  status.remove_prefix(digits);
  std::int64_t kibibytes = 0;
  const auto [end, error] =
      std::from_chars(status.data(), status.data() + status.size(), kibibytes);
  const std::string_view rest(end, static_cast<std::size_t>(status.data() + status.size() - end));
  if (error != std::errc() || kibibytes <= 0 || kibibytes > INT64_MAX / 1024 ||
      !rest.starts_with(" kB"))
    return std::nullopt;
  return kibibytes * 1024;
}

std::optional<std::int64_t> own_peak_memory() {
  const Result<std::string> status = make_real_file_tree()->read("/proc/self/status");
  return status ? peak_memory_in(*status) : std::nullopt;
}

}  // namespace isojoule
