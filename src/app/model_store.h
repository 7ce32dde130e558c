// Where energy models lie: those that this user fitted, and those that come along with the boards.
#pragma once

#include <string>

#include "app/paths.h"
#include "base/error.h"
#include "predict/energy_model.h"

namespace isojoule {

// STATE/models/BOARD.json, of a twin STATE/models/BOARD-simulated.json (STATE: guard_place.h). A
// board's variant is a board of its own here: "jetson-orin-nx/super" -> "jetson-orin-nx-super".
// Nothing is made.
std::string user_model_path(const Paths& paths, const std::string& board, bool simulated);

// The model file of a board: this user's own, else the one in boards/BOARD/ (model.json,
// model-simulated.json). A twin's model is never given for the board itself, nor the other way
// round. Error: not_found, with the places tried and the commands that make one.
Result<std::string> model_path(const Paths& paths, const std::string& board, bool simulated);

// Errors: those of the file; parse, unsupported, with `path`.
Result<EnergyModelFile> load_energy_model(const std::string& path);
// Whole or not at all; makes the folder of user_model_path() where it is not there.
Status store_model(const std::string& path, const EnergyModelFile& file);

}  // namespace isojoule
