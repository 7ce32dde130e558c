// Which board this is, and which release runs on it.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "board/board.h"

namespace isojoule {
namespace {

// The same file under its two names; the first is a link that a small container may lack.
constexpr const char* kCompatible[] = {"/proc/device-tree/compatible",
                                       "/sys/firmware/devicetree/base/compatible"};
constexpr const char* kRelease = "/etc/nv_tegra_release";
constexpr const char* kPackages = "/var/lib/dpkg/status";
constexpr std::size_t kNoMatch = std::numeric_limits<std::size_t>::max();

// The device tree's strings, most specific first, each ended by a NUL.
Result<std::vector<std::string>> compatible_strings(FileTree& tree) {
  for (const char* path : kCompatible) {
    const auto text = tree.read(path);
    if (!text) continue;
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t end = std::min(text->find('\0', at), text->size());
      std::string word = trimmed(text->substr(at, end - at));
      if (!word.empty()) words.push_back(std::move(word));
      at = end + 1;
    }
    return words;
  }
  return fail(ErrorKind::not_found, "this machine has no device tree that names its board",
              "Name the board, or use a twin", join({kCompatible[0], kCompatible[1]}, ", "));
}

// The place of the first of the device's strings that the board file names; kNoMatch if none.
std::size_t match(const BoardFile& file, const std::vector<std::string>& device) {
  const auto has = [](const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  std::size_t first = kNoMatch;
  for (std::size_t i = device.size(); i-- > 0;) {
    if (has(file.not_compatible, device[i])) return kNoMatch;
    if (has(file.compatible, device[i])) first = i;
  }
  return first;
}

// The variant that the most specific of the device's strings names; "" if none.
std::string variant_of(const BoardFile& file, const std::vector<std::string>& device) {
  for (const auto& word : device)
    for (const auto& variant : file.variants)
      if (std::find(variant.compatible.begin(), variant.compatible.end(), word) !=
          variant.compatible.end())
        return variant.name;
  return {};
}

// "# R36 (release), REVISION: 4.3, ..." -> "36.4.3"; "" if it is another text.
std::string version_of_release_line(const std::string& line) {
  const auto digits_after = [&](std::string_view mark) -> std::string {
    const std::size_t at = line.find(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    return line.substr(begin, line.find_first_not_of("0123456789.", begin) - begin);
  };
  const std::string major = digits_after("# R");
  const std::string minor = digits_after("REVISION: ");
  return major.empty() || minor.empty() ? "" : major + "." + minor;
}

// The version of nvidia-l4t-core in dpkg's list: "36.4.3-20250107174145" -> "36.4.3".
std::string version_of_package(const std::string& status) {
  const std::string package = "Package: nvidia-l4t-core\n";
  const std::string version = "\nVersion: ";
  const std::size_t at = status.find(package);
  if (at == std::string::npos) return {};
  const std::size_t begin = status.find(version, at);
  if (begin == std::string::npos || begin > status.find("\n\n", at)) return {};
  const std::size_t digits = begin + version.size();
  return status.substr(digits, status.find_first_not_of("0123456789.", digits) - digits);
}

std::string l4t_version(FileTree& tree) {
  if (const auto text = tree.read(kRelease)) {
    const std::string version = version_of_release_line(text->substr(0, text->find('\n')));
    if (!version.empty()) return version;
  }
  const auto packages = tree.read(kPackages);
  return packages ? version_of_package(*packages) : std::string();
}

// The release whose longest prefix covers the version; "32.7" covers 32.7 and 32.7.4, not 32.71.
std::string release_for(const BoardFile& file, const std::string& version) {
  std::string best;
  std::size_t longest = 0;
  for (const auto& release : file.releases) {
    for (const auto& prefix : release.l4t) {
      const bool covers = version == prefix || version.rfind(prefix + ".", 0) == 0;
      if (!covers || prefix.size() <= longest) continue;
      longest = prefix.size();
      best = release.name;
    }
  }
  return best;
}

}  // namespace

Result<Detected> detect_board(const std::string& boards_directory, FileTree& tree) {
  ISOJOULE_TRY(const auto device, compatible_strings(tree));
  std::optional<BoardFile> found;
  std::optional<Error> broken;
  std::size_t best = kNoMatch;
  for (const auto& name : board_names(boards_directory)) {
    auto file = load_board(boards_directory, name);
    if (!file) {  // another board's broken file is in nobody's way
      if (!broken) broken = file.error();
      continue;
    }
    const std::size_t place = match(*file, device);
    if (place >= best) continue;
    best = place;
    found = std::move(*file);
  }
  if (found)
    return Detected{found->name, release_for(*found, l4t_version(tree)),
                    variant_of(*found, device)};
  if (broken) return tl::unexpected<Error>(*broken);
  return fail(ErrorKind::not_found,
              "no board file names this machine (compatible: " + join(device, " ") + ")",
              "Name the board, use a twin, or add a folder to boards/", boards_directory);
}

}  // namespace isojoule
