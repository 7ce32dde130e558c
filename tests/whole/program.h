// Runs the real program as a user would, in a folder of its own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace isojoule::test {

struct Outcome {
  int status = -1;  // exit status; 128 + signal when killed
  std::string out;
  std::string err;
};

// A fresh folder that is removed at the end; home, cache and state of the programs run in it.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const;  // its path
  Outcome run(const std::vector<std::string>& arguments) const;
  // Starts it without waiting, its output into files "out" and "err". `program`: a copy, which
  // finds other things beside it.
  pid_t start(const std::vector<std::string>& arguments, const std::string& program) const;
  pid_t start(const std::vector<std::string>& arguments) const;
  Outcome wait(pid_t process) const;
  std::vector<std::string> files() const;  // names in the folder, sorted, without out, err, cache

 private:
  std::string folder_;
};

// Looks again and again until it holds, or the limit has passed.
bool becomes_true(const std::function<bool()>& condition,
                  std::chrono::milliseconds limit = std::chrono::seconds(10));

std::string program_path();
// A plan of few runs on a Nano's twin: 2 x 3 clocks, batch 16, `repeats` blocks, default governors.
std::string small_plan(int repeats, int inferences = 320);

}  // namespace isojoule::test
