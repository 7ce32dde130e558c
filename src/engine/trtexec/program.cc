#include "engine/trtexec/program.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "engine/trtexec/failure.h"

namespace isojoule::trtexec {
namespace {

namespace fs = std::filesystem;

// Loading CUDA's libraries from an SD card takes its time.
constexpr Duration kHelpLimit = Duration::milliseconds(60'000);
constexpr std::size_t kHelpBytes = std::size_t{1} << 20;

bool is_program(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> places() {
  std::vector<std::string> found;
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (colon > 0) found.push_back(std::string(rest.substr(0, colon)) + "/trtexec");
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  found.emplace_back("/usr/src/tensorrt/bin/trtexec");  // NVIDIA's Debian packages, JetPack
  found.emplace_back("/opt/tensorrt/bin/trtexec");      // NVIDIA's containers
  return found;
}

bool is_flag_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

Result<std::string> find_program(const std::string& asked) {
  const std::string remedy =
      "Install TensorRT's samples (on a Jetson: apt install libnvinfer-bin), or give option "
      "trtexec=PATH, or ISOJOULE_TRTEXEC=PATH.";
  // Whoever names one wants that one and no other.
  const char* variable = std::getenv("ISOJOULE_TRTEXEC");
  const std::string named = asked.empty() && variable != nullptr ? variable : asked;
  if (!named.empty()) {
    if (is_program(named)) return named;
    return fail(ErrorKind::not_found, "trtexec: " + named + " is no program", remedy);
  }
  const std::vector<std::string> tried = places();
  for (const std::string& path : tried)
    if (is_program(path)) return path;
  return fail(ErrorKind::not_found, "trtexec is not here", remedy,
              "looked for " + join(tried, ", "));
}

Program read_help(const std::string& path, std::string_view help) {
  Program program;
  program.path = path;
  while (!help.empty()) {
    const std::size_t end = std::min(help.find('\n'), help.size());
    if (const auto banner = read_banner(help.substr(0, end)); banner && banner->version)
      program.version = banner->version;
    else if (!banner)
      for (std::size_t at = help.find("--"); at < end; at = help.find("--", at + 2)) {
        std::size_t stop = at + 2;
        while (stop < end && is_flag_character(help[stop])) ++stop;
        if (stop > at + 2) program.flags.emplace(help.substr(at, stop - at));
      }
    help.remove_prefix(std::min(end + 1, help.size()));
  }
  return program;
}

Result<Program> probe_program(const std::string& path) {
  SubprocessOptions options;
  options.command = {path, "--help"};
  options.output_limit = kHelpBytes;
  ISOJOULE_TRY(const auto child, Subprocess::start(options));
  const auto ended = child->wait(make_real_clock()->now() + kHelpLimit);
  if (!ended) return fail(ErrorKind::timeout, "trtexec does not answer", {}, path + " --help");
  Program program = read_help(path, child->output_tail());
  if (program.version || program.has("--loadEngine")) return program;
  return tl::unexpected(failure_of(parse_log(child->output_tail()), *ended, "asked for its help",
                                   child->last_output_line()));
}

}  // namespace isojoule::trtexec
