#include "engine/trtexec/failure.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace isojoule::trtexec {
namespace {

constexpr std::size_t kLongest = 300;

bool contains(const std::string& text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) ==
                  std::tolower(static_cast<unsigned char>(b));
         }) != text.end();
}

// A cause, by the words of the lines that tell of it. The first row of which a line is there wins,
// because what fails first is followed by lines that only say that something failed.
struct Cause {
  std::vector<std::string_view> words;
  ErrorKind kind;
  std::string_view what;  // in front of the line; may be empty
  std::string_view remedy;
  bool in_warnings = false;
};

const std::vector<Cause>& causes() {
  static const std::vector<Cause> rows = {
      {{"outofmemory", "out of memory", "std::bad_alloc", "amount of gpu memory"},
       ErrorKind::engine,
       "out of memory: ",
       "Take a smaller batch or network, give option workspace_mib, or end other programs.",
       true},
      {{"cannot create dla engine"},
       ErrorKind::unsupported,
       "no such DLA core here: ",
       "Take accelerator gpu; Jetson Nano, TX2 and Orin Nano have no DLA."},
      {{"not supported on dla", "dla validation failed", "gpu fallback is not enabled",
        "gpu_fallback"},
       ErrorKind::unsupported,
       "a layer cannot run on the DLA: ",
       "Allow it to run on the GPU: option fallback=on."},
      {{"unknown option", "unrecognized option"},
       ErrorKind::invalid,
       "",
       "This version of trtexec does not know it: check option arguments."},
      {{"no importer registered", "unsupported onnx data type", "plugin not found",
        "unsupported operator"},
       ErrorKind::unsupported,
       "",
       "TensorRT has no such operator; take another network or a later TensorRT."},
      {{"static dimension mismatch", "do not match the static shapes", "static dimension"},
       ErrorKind::invalid,
       "",
       "The engine was built for other shapes; empty the engine cache."},
      {{"deserialization failed", "serialization version", "magictag", "invalid engine"},
       ErrorKind::engine,
       "the engine cannot be loaded: ",
       "It is damaged or of another TensorRT or device; empty the engine cache."},
      {{"failed to parse onnx", "parsing model failed", "could not open file"},
       ErrorKind::parse,
       "",
       "Is it an ONNX file that this TensorRT can read?"},
      {{"error while loading shared libraries"},
       ErrorKind::not_found,
       "",
       "Install what is missing: trtexec needs TensorRT and CUDA."},
      {{"cuda initialization", "cuda failure", "no cuda-capable device", "cuda runtime",
        "unable to determine cuda"},
       ErrorKind::engine,
       "",
       "Check that the GPU is there, that this user may open it, and the driver."},
  };
  return rows;
}

const std::string* line_with(const std::vector<std::string>& lines, const Cause& cause) {
  for (const std::string& line : lines)
    for (const std::string_view words : cause.words)
      if (contains(line, words)) return &line;
  return nullptr;
}

// "[6] Assertion failed: ...": the parser's own reason, on a line without prefix.
std::string parser_reason(const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    if (line.size() > 4 && line[0] == '[' && std::isdigit(static_cast<unsigned char>(line[1])) &&
        line[2] == ']')
      return line.substr(4);
  return {};
}

std::string shortened(const std::string& line) {
  return line.size() <= kLongest ? line : line.substr(0, kLongest) + "...";
}

}  // namespace

bool succeeded(const Log& log, const ExitState& exit) {
  return log.verdict == Verdict::passed && exit == ExitState{};
}

Error failure_of(const Log& log, const ExitState& exit, const std::string& doing,
                 const std::string& last_line) {
  const std::string where = "trtexec, " + doing + ": ";
  std::vector<std::string> lines = log.errors;
  if (log.errors.empty() && !last_line.empty()) lines.push_back(last_line);
  for (const Cause& cause : causes()) {
    const std::string* line = line_with(lines, cause);
    if (line == nullptr && cause.in_warnings) line = line_with(log.warnings, cause);
    if (line == nullptr) continue;
    const std::string reason =
        cause.kind == ErrorKind::parse ? parser_reason(log.errors) : std::string();
    if (!reason.empty())
      return {cause.kind, where + shortened(*line + ": " + reason), {}, std::string(cause.remedy)};
    return {cause.kind,
            std::string(cause.what) + where + shortened(*line),
            {},
            std::string(cause.remedy)};
  }
  Error error{ErrorKind::engine, where, {}, {}};
  if (exit.by_signal)
    error.what += "it was ended by " + to_string(exit);
  else if (log.verdict == Verdict::failed)
    error.what += "it says FAILED";
  else if (log.verdict == Verdict::none)
    error.what += "it does not speak like trtexec (" + to_string(exit) + ")";
  else if (log.verdict != Verdict::passed)
    error.what += "it ended without a verdict (" + to_string(exit) + ")";
  else
    error.what += "it says PASSED, but left with " + to_string(exit);
  if (!lines.empty()) error.what += ": " + shortened(lines.front());
  return error;
}

}  // namespace isojoule::trtexec
