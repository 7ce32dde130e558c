#include "whole/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void redirect(const std::string& path, int descriptor) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(file, descriptor);
  ::close(file);
}

}  // namespace

bool becomes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

std::string program_path() { return ISOJOULE_BINARY_DIR "/bin/isojoule"; }

Workplace::Workplace() {
  std::string pattern = (fs::temp_directory_path() / "isojoule-test-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
}

Workplace::~Workplace() {
  std::error_code code;
  fs::permissions(folder_, fs::perms::owner_all, code);
  fs::remove_all(folder_, code);
}

std::string Workplace::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

pid_t Workplace::start(const std::vector<std::string>& arguments,
                       const std::string& program) const {
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t process = ::fork();
  if (process == 0) {
    redirect(path("out"), STDOUT_FILENO);
    redirect(path("err"), STDERR_FILENO);
    ::setenv("HOME", folder_.c_str(), 1);
    ::setenv("XDG_CACHE_HOME", path("cache").c_str(), 1);
    ::setenv("XDG_STATE_HOME", path("cache").c_str(), 1);
    ::setenv("ISOJOULE_STATE", path("cache").c_str(), 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  return process;
}

pid_t Workplace::start(const std::vector<std::string>& arguments) const {
  return start(arguments, program_path());
}

Outcome Workplace::wait(pid_t process) const {
  Outcome outcome;
  int status = 0;
  ::waitpid(process, &status, 0);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = text_of(path("out"));
  outcome.err = text_of(path("err"));
  return outcome;
}

Outcome Workplace::run(const std::vector<std::string>& arguments) const {
  return wait(start(arguments));
}

std::vector<std::string> Workplace::files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name != "out" && name != "err" && name != "cache") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string small_plan(int repeats, int inferences) {
  return "name = \"small\"\nboard = \"jetson-nano\"\n[protocol]\ninferences = " +
         std::to_string(inferences) + "\nrepeats = " + std::to_string(repeats) +
         "\nsampling_period_ms = 100\nseed = 7\n"
         "[[baseline]]\nname = \"default\"\n"
         "[[grid]]\nname = \"map\"\nnetworks = [\"alexnet\"]\n"
         "axes = { cpu_frequency_khz = [710400, 1479000], gpu_frequency_hz = [307200000, "
         "614400000, "
         "921600000], batch = [16] }\nbaselines = [\"default\"]\n";
}

}  // namespace isojoule::test
