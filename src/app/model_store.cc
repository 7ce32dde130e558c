#include "app/model_store.h"

#include <filesystem>

#include "app/guard_place.h"
#include "base/text.h"
#include "base/text_file.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

std::string file_name(std::string board, bool simulated) {
  for (char& c : board)
    if (c == '/') c = '-';
  return board + (simulated ? "-simulated.json" : ".json");
}

std::string shipped_path(const Paths& paths, const std::string& board, bool simulated) {
  return paths.boards + "/" + board + (simulated ? "/model-simulated.json" : "/model.json");
}

bool is_file(const std::string& path) {
  std::error_code code;
  return fs::is_regular_file(path, code);
}

}  // namespace

std::string user_model_path(const Paths& paths, const std::string& board, bool simulated) {
  return state_folders(paths).front() + "/models/" + file_name(board, simulated);
}

Result<std::string> model_path(const Paths& paths, const std::string& board, bool simulated) {
  std::vector<std::string> places;
  for (const std::string& folder : state_folders(paths))
    places.push_back(folder + "/models/" + file_name(board, simulated));
  places.push_back(shipped_path(paths, board, simulated));
  for (const std::string& place : places)
    if (is_file(place)) return place;
  const std::string target = (simulated ? "twin:" : "") + board;
  std::string remedy =
      "Measure layers and fit a model: isojoule study layers -o layers.toml; isojoule sweep "
      "layers.toml --board " +
      target + " -o layers.study; isojoule fit layers.study";
  if (!simulated && is_file(shipped_path(paths, board, true)))
    remedy += "; or ask the simulated board: --board twin:" + board;
  return fail(ErrorKind::not_found,
              "there is no energy model of " + std::string(simulated ? "the twin of " : "") + board,
              remedy, join(places, ", "));
}

Result<EnergyModelFile> load_energy_model(const std::string& path) {
  ISOJOULE_TRY(const std::string text, read_text_file(path));
  return parse_energy_model(text, path);
}

Status store_model(const std::string& path, const EnergyModelFile& file) {
  std::error_code code;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty() && folder.filename() == "models") fs::create_directories(folder, code);
  return write_text_file(path, format_energy_model(file));
}

}  // namespace isojoule
