#include "app/fleet/agent_place.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>

#include "app/guard_place.h"
#include "base/text_file.h"
#include "fleet/name.h"

namespace isojoule::agent {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  const std::string whole = name.data();
  return whole.substr(0, whole.find('.'));
}

std::string random_instance() {
  std::random_device device;
  std::string text;
  for (int i = 0; i < 16; ++i) text += "0123456789abcdef"[device() % 16];
  return text;
}

}  // namespace

Result<std::string> agent_name(const std::string& given, const std::string& board) {
  if (!given.empty()) {
    ISOJOULE_CHECK(fleet::check_board_name(given));
    return given;
  }
  const bool is_twin = board.starts_with(kTwinPrefix);
  const std::string name =
      fleet::possible_board_name(is_twin ? board.substr(kTwinPrefix.size()) : host_name());
  if (!fleet::check_board_name(name))
    return fail(ErrorKind::invalid, "this machine has no name that a board could have",
                "Give one with --name");
  return name;
}

std::string serial_of(FileTree& tree, bool is_twin, const std::string& board,
                      const std::string& name) {
  if (is_twin) return board + " " + name;
  for (const char* path : {"/proc/device-tree/serial-number", "/etc/machine-id"}) {
    const auto text = tree.read(path);
    if (text && !trimmed(*text).empty()) return trimmed(*text);
  }
  return "";
}

Result<AgentPlace> AgentPlace::take(const Paths& paths, const std::string& given,
                                    const std::string& name) {
  const std::string folder = given.empty() ? state_folder(paths) + "/agent/" + name : given;
  std::error_code code;
  std::filesystem::create_directories(folder + "/objects", code);
  if (code) {
    Error error = error_from_errno(code.value(), folder, "make the folder");
    error.remedy = "Name a folder that you may write to with --folder";
    return tl::unexpected<Error>(std::move(error));
  }
  auto lock = FileLock::take(folder + "/agent");
  if (!lock) {
    Error error = lock.error();
    if (error.kind == ErrorKind::busy) {
      error.what = "another agent is at work in " + folder;
      error.remedy = "End it, or give this one a folder of its own with --folder or --name";
    }
    return tl::unexpected<Error>(std::move(error));
  }
  AgentPlace place(folder, std::move(*lock));
  ISOJOULE_CHECK(place.begin_instance());
  return place;
}

Status AgentPlace::begin_instance() {
  const std::string path = below("instance");
  if (const auto text = read_text_file(path)) earlier_ = trimmed(*text);
  instance_ = random_instance();
  return write_text_file(path, instance_ + "\n");
}

}  // namespace isojoule::agent
