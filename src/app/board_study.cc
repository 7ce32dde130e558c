#include "app/board_study.h"

#include "base/wall_time.h"
#include "isojoule/version.h"

namespace isojoule {

StudyInfo board_study_info(const std::string& name, const Board& board,
                           const std::string& command) {
  StudyInfo info;
  info.name = name;
  info.board = board.file.name;
  info.release = board.release.name;
  info.simulated = board.simulated;
  info.program_version = ISOJOULE_VERSION;
  info.command = command;
  info.total = board.file.total;
  info.rails = board.file.rails;
  info.created = wall_time_now();
  info.planned_runs = 1;
  return info;
}

}  // namespace isojoule
