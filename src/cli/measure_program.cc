#include "cli/measure_program.h"

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
  return std::stoi(status->second);
}

}  // namespace isojoule::cli
