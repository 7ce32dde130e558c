#include "app/tune/fleet_plan.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fleet/block.h"

namespace isojoule {
namespace {

// A JSON string is a basic string of TOML.
std::string plan_text_of(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string plan_value(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? plan_text_of(*text) : to_string(value);
}

// An axis with its unit in the key; engine axes have none.
std::string plan_key(const std::string& axis) {
  return is_engine_axis(axis) ? plan_text_of(axis) : plan_text_of(key_with_unit(axis));
}

}  // namespace

Result<Board> searched_board(const Paths& paths, const fleet::BoardCard& card) {
  ISOJOULE_TRY(Board board, fleet::described_board(card));
  const auto file = load_board(paths.boards, card.board);
  if (file) board.file.default_governors = file->default_governors;
  if (!file && file.error().kind != ErrorKind::not_found)
    return tl::unexpected<Error>(file.error());
  return board;
}

std::string fleet_search_plan(const TuneRequest& request, const TuneMemory& memory,
                              const Protocol& protocol, const std::string& board,
                              const std::string& mark) {
  std::string text = fmt::format(
      "# A search: its blocks come as it asks. {}\nname = \"tune\"\nboard = "
      "{}\n\n[protocol]\nrepeats = 1\n"
      "idle_ms = {}\nseed = {}\n",
      mark, plan_text_of(board), protocol.idle.ns / 1'000'000, memory.seed);
  if (!request.options.empty()) text += "\n[options]\n";
  for (const auto& [name, value] : request.options)
    text += fmt::format("{} = {}\n", plan_text_of(name), plan_text_of(value));
  text += fmt::format("\n[[grid]]\nname = \"search\"\nnetworks = [{}]\n",
                      plan_text_of(request.network));
  text += "[grid.axes]\n";
  for (const SearchAxis& axis : memory.axes) {
    std::vector<std::string> values;
    for (const Value& value : axis.values) values.push_back(plan_value(value));
    text += fmt::format("{} = [{}]\n", plan_key(axis.name), join(values, ", "));
  }
  text += "[grid.fixed]\n";
  for (const auto& [axis, value] : memory.fixed.values())
    text += fmt::format("{} = {}\n", plan_key(axis), plan_value(value));
  return text;
}

}  // namespace isojoule
