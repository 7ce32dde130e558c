#include "cli/measure_program.h"

#include <charconv>

namespace isojoule::cli {

Status take_program(const Program& program, const MeasureWords& words, MeasureRequest& request) {
  request.program = program.after_dashes;
  if (request.program.empty() && request.engine == "command")
    return fail(ErrorKind::invalid, "--engine command without a program",
                "Give it after two dashes: -- PROGRAM ARGUMENTS");
  if (request.program.empty() && request.network.empty())
    return fail(ErrorKind::invalid, "nothing to measure",
                "Give --model FILE, or a program after two dashes: -- PROGRAM ARGUMENTS");
  if (request.program.empty()) return {};
  if (!request.network.empty())
    return fail(ErrorKind::invalid, "--model and a program behind -- exclude each other",
                "Give one of the two.");
  if (words.engine_given && request.engine != "command")
    return fail(ErrorKind::invalid, "--engine " + request.engine + " runs no programs",
                "Leave --engine away.");
  request.engine = "command";
  if (!words.inferences_given) request.inferences = request.batch;
  request.options.try_emplace("output", words.json ? "stderr" : "stdout");
  return {};
}

int status_of_failure(const MeasureResult& result) {
  const auto& notes = result.measured.run.notes;
  const auto status = notes.find("exit_status");
  if (result.engine != "command" || status == notes.end() || status->second == "0") return kFailed;
  // The program may have left a note of that name itself.
  int number = 0;
  const std::string& text = status->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_status =
      error == std::errc() && end == text.data() + text.size() && number > 0 && number <= 255;
  return is_status ? number : static_cast<int>(kFailed);
}

}  // namespace isojoule::cli
