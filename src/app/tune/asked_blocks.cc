#include "app/tune/asked_blocks.h"

#include <nlohmann/json.hpp>

namespace isojoule {
namespace {

using nlohmann::json;

constexpr const char* kMemo = "fleet_search";
constexpr const char* kRoleNames[] = {"baseline", "search", "final"};

json json_of(const AskedBlock& block) {
  json runs = json::array();
  for (const AskedRun& run : block.runs)
    runs.push_back({{"setting", to_string(run.setting)}, {"baseline", run.baseline}});
  return {{"role", kRoleNames[static_cast<std::size_t>(block.role)]},
          {"why", block.why},
          {"turn", block.turn},
          {"inferences", block.inferences},
          {"first", block.first},
          {"runs", std::move(runs)}};
}

Result<AskedBlock> block_from(const json& object) {
  AskedBlock block;
  const std::string role = object.at("role").get<std::string>();
  for (std::size_t i = 0; i < std::size(kRoleNames); ++i)
    if (role == kRoleNames[i]) block.role = static_cast<TuneRole>(i);
  block.why = object.at("why").get<std::string>();
  block.turn = object.at("turn").get<std::int64_t>();
  block.inferences = object.at("inferences").get<std::int64_t>();
  block.first = object.at("first").get<std::int64_t>();
  for (const json& one : object.at("runs")) {
    AskedRun run;
    ISOJOULE_TRY(run.setting, parse_setting(one.at("setting").get<std::string>()));
    run.baseline = one.at("baseline").get<std::string>();
    block.runs.push_back(std::move(run));
  }
  return block;
}

}  // namespace

std::int64_t FleetSearchMemory::runs() const {
  return blocks.empty() ? 0 : blocks.back().first + std::ssize(blocks.back().runs);
}

Result<FleetSearchMemory> fleet_search_memory(StudyFile& file) {
  ISOJOULE_TRY(const std::string text, file.memo(kMemo));
  FleetSearchMemory memory;
  if (text.empty()) return memory;
  try {
    const json object = json::parse(text);
    memory.plan = object.at("plan").get<std::string>();
    for (const json& one : object.at("blocks")) {
      ISOJOULE_TRY(AskedBlock block, block_from(one));
      memory.blocks.push_back(std::move(block));
    }
  } catch (const json::exception& exception) {
    return fail(ErrorKind::damaged,
                "what the study remembers of its search: " + std::string(exception.what()));
  }
  return memory;
}

Status store(const FleetSearchMemory& memory, StudyFile& file) {
  json blocks = json::array();
  for (const AskedBlock& block : memory.blocks) blocks.push_back(json_of(block));
  const json object = {{"plan", memory.plan}, {"blocks", std::move(blocks)}};
  return file.set_memo(kMemo, object.dump(-1, ' ', false, json::error_handler_t::replace));
}

fleet::BlockMessage message_of(const std::string& study, const std::string& network,
                               std::int64_t number, const AskedBlock& block) {
  fleet::BlockMessage message;
  message.study = study;
  message.block = number;
  std::int64_t sequence = block.first;
  for (const AskedRun& run : block.runs) {
    PlannedRun planned;
    planned.sequence = sequence++;
    planned.block = number;
    planned.repeat = block.turn;
    planned.grid = "search";
    planned.network = network;
    planned.baseline = run.baseline;
    planned.setting = run.setting;
    planned.inferences = block.inferences;
    message.runs.push_back(std::move(planned));
  }
  return message;
}

}  // namespace isojoule
