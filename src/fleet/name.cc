#include "fleet/name.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace isojoule::fleet {

namespace {

constexpr std::size_t kLongestBoardName = 48;

bool allowed_in_board_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
}

bool whole_number(std::string_view text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

}  // namespace

std::vector<std::string_view> subject_tokens(std::string_view subject) {
  std::vector<std::string_view> tokens;
  while (true) {
    const auto dot = subject.find('.');
    tokens.push_back(subject.substr(0, dot));
    if (dot == std::string_view::npos) return tokens;
    subject = subject.substr(dot + 1);
  }
}

std::string block_subject(const std::string& study, std::int64_t lane, std::int64_t block) {
  return "isojoule.block." + study + "." + std::to_string(lane) + "." + std::to_string(block);
}

std::string lane_filter(const std::string& study, std::int64_t lane) {
  return "isojoule.block." + study + "." + std::to_string(lane) + ".*";
}

std::string study_blocks_filter(const std::string& study) {
  return "isojoule.block." + study + ".>";
}

std::string lane_queue(const std::string& study, std::int64_t lane) {
  return study + "_" + std::to_string(lane);
}

std::string run_subject(const std::string& board, const std::string& study, std::int64_t block,
                        std::int64_t sequence) {
  return "isojoule.run." + board + "." + study + "." + std::to_string(block) + "." +
         std::to_string(sequence);
}

std::string study_runs_filter(const std::string& study) { return "isojoule.run.*." + study + ".>"; }

std::string block_runs_filter(const std::string& study, std::int64_t block) {
  return "isojoule.run.*." + study + "." + std::to_string(block) + ".*";
}

std::string object_subject(const std::string& writer, const std::string& hash, std::int64_t piece) {
  return "isojoule.object." + writer + "." + hash + "." + std::to_string(piece);
}

std::string ask_subject(const std::string& board) { return "isojoule.ask." + board; }

std::string join_key(const std::string& study, const std::string& board) {
  return study + "." + board;
}

std::string trouble_key(const std::string& study, std::int64_t sequence) {
  return study + "." + std::to_string(sequence);
}

Result<RunPlace> parse_run_subject(std::string_view subject) {
  const auto tokens = subject_tokens(subject);
  RunPlace place;
  if (tokens.size() == 6 && tokens[0] == "isojoule" && tokens[1] == "run" &&
      check_board_name(tokens[2]) && !tokens[3].empty() && whole_number(tokens[4], place.block) &&
      whole_number(tokens[5], place.sequence)) {
    place.board = tokens[2];
    place.study = tokens[3];
    return place;
  }
  return fail(ErrorKind::invalid, "'" + std::string(subject) + "' is no subject of a run",
              "isojoule.run.BOARD.STUDY.BLOCK.SEQUENCE");
}

Status check_board_name(std::string_view name) {
  if (!name.empty() && name.size() <= kLongestBoardName &&
      std::all_of(name.begin(), name.end(), allowed_in_board_name))
    return {};
  return fail(ErrorKind::invalid,
              "'" + std::string(name) + "' is no name of a board: 1 to 48 letters, digits, - and _",
              "It could be '" + possible_board_name(name) + "'");
}

std::string possible_board_name(std::string_view text) {
  std::string name(text.substr(0, kLongestBoardName));
  std::replace_if(
      name.begin(), name.end(), [](char letter) { return !allowed_in_board_name(letter); }, '-');
  return name.empty() ? "board" : name;
}

}  // namespace isojoule::fleet
