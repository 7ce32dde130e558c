#include "app/figures/write_figures.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "app/figures/figure_folder.h"
#include "app/figures/figure_stream.h"

namespace isojoule {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// An object that isojoule-figures said, with the texts and numbers that are read of it.
Result<json> figure_object(const std::string& text) {
  json object = json::parse(text, nullptr, false);
  if (object.is_object()) return object;
  return fail(ErrorKind::engine, "isojoule-figures said something that is no figure");
}

std::string word(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

template <typename T>
T value(const json& object, const char* key) {
  const auto found = object.find(key);
  const bool fits =
      found != object.end() && (std::is_same_v<T, bool> ? found->is_boolean() : found->is_number());
  return fits ? found->get<T>() : T{};
}

std::string place(const json& what) {
  std::string text = word(what, "id");
  const std::string network = word(what, "network");
  const auto batch = value<std::int64_t>(what, "batch");
  if (network.empty()) return text;
  return text + " (" + network + (batch > 0 ? fmt::format(", batch {})", batch) : ")");
}

// One call of write_figures().
class FigureWriter {
 public:
  FigureWriter(FigureFolder folder, const FigureOptions& options)
      : folder_(std::move(folder)), options_(options) {}

  Status run(FigureStream& stream, const std::string& study_json);
  // Also after a fault, so that what was written is in it.
  Status write_index() { return folder_.write_index(); }

  const FigureFiles& files() const { return files_; }
  // What should have been drawn and was not.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  Status take(const FigureParts& parts);
  Status write(const json& what, const FigureParts& parts);

  FigureFolder folder_;
  const FigureOptions& options_;
  json head_ = json::object();
  FigureFiles files_;
  std::vector<std::string> faults_;
};

Status FigureWriter::run(FigureStream& stream, const std::string& study_json) {
  const json asked = {
      {"width_mm", options_.width_mm}, {"only", options_.only}, {"networks", options_.networks}};
  ISOJOULE_TRY(const std::string answer,
               stream.open(asked.dump(-1, ' ', false, json::error_handler_t::replace), study_json));
  ISOJOULE_TRY(head_, figure_object(answer));
  if (const std::string error = word(head_, "error"); !error.empty())
    return fail(ErrorKind::invalid, error);
  folder_.set_generator(word(head_, "generator"));
  const auto count = value<std::int64_t>(head_, "figures");
  for (std::int64_t i = 0; i < count; ++i) {
    ISOJOULE_TRY(const FigureParts parts, stream.next());
    ISOJOULE_CHECK(take(parts));
  }
  return {};
}

Status FigureWriter::take(const FigureParts& parts) {
  ISOJOULE_TRY(const json what, figure_object(parts.what));
  if (!parts.svg.empty()) return write(what, parts);
  const std::string line = place(what) + ": " + word(what, "why_absent");
  (value<bool>(what, "fault") ? faults_ : files_.absent).push_back(line);
  return {};
}

Status FigureWriter::write(const json& what, const FigureParts& parts) {
  const auto batch = value<std::int64_t>(what, "batch");
  const std::string stem = folder_.stem(word(what, "network"), batch, word(what, "id"));
  ISOJOULE_TRY(const auto paths,
               folder_.add(stem, {{"svg", &parts.svg}, {"pdf", &parts.pdf}, {"csv", &parts.csv}},
                           {{"figure", word(what, "id")},
                            {"title", word(what, "title")},
                            {"caption", word(what, "sentence")},
                            {"network", word(what, "network")},
                            {"batch", batch},
                            {"study", word(head_, "study")},
                            {"board", word(head_, "board")},
                            {"simulated", value<bool>(what, "simulated")},
                            {"width_mm", value<double>(what, "width_mm")},
                            {"height_mm", value<double>(what, "height_mm")},
                            {"command", options_.command}}));
  files_.paths.insert(files_.paths.end(), paths.begin(), paths.end());
  return {};
}

}  // namespace

Result<FigureFiles> write_figures(const std::string& program, const std::string& study_json,
                                  const std::string& folder, const FigureOptions& options) {
  // Before the folder is made: a program that is not there leaves nothing behind.
  ISOJOULE_TRY(FigureStream stream, FigureStream::start(program, options.patience));
  ISOJOULE_TRY(FigureFolder place, FigureFolder::open(folder));
  FigureWriter writer(std::move(place), options);
  const Status done = writer.run(stream, study_json);
  if (!done && writer.files().paths.empty()) return tl::unexpected<Error>(done.error());
  const Status indexed = writer.write_index();
  if (!done) return tl::unexpected<Error>(done.error());
  if (!indexed) return tl::unexpected<Error>(indexed.error());
  if (!writer.faults().empty())
    return fail(ErrorKind::internal, fmt::format("{} figures have a fault and were left out: {}",
                                                 writer.faults().size(), writer.faults().front()));
  FigureFiles files = writer.files();
  for (const char* index : {"figures.json", "index.md"})
    files.paths.push_back(folder + "/" + index);
  return files;
}

Result<double> figure_width_mm(const std::string& text) {
  if (text == "single") return kSingleColumnMm;
  if (text == "double") return kDoubleColumnMm;
  double width = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, width);
  if (code != std::errc() || stop != end)
    return fail(ErrorKind::invalid, "'" + text + "' is no width",
                "Give millimetres, 'single' (85) or 'double' (178)");
  if (!(width >= kLeastWidthMm && width <= kMostWidthMm))
    return fail(ErrorKind::out_of_range, fmt::format("a figure cannot be {} mm wide", text),
                fmt::format("Give {} to {} mm", kLeastWidthMm, kMostWidthMm));
  return width;
}

}  // namespace isojoule
