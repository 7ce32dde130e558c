// What is said of studies and their work.
#include "fleet/message_fields.h"
#include "fleet/message_forms.h"
#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

MessageShape planned_run_shape() {
  using namespace shape;
  return record({{"sequence", count(), true, "unique in the study"},
                 {"repeat", count(), true, "unique among the lanes, too"},
                 {"grid", shape::name(256, 0), false, "of the plan"},
                 {"network", shape::name(256), true, "the plan's name of it"},
                 {"baseline", shape::name(128, 0), false, "absent: a point of the grid"},
                 {"setting", setting_shape(), true, "by axis; hertz, seconds"},
                 {"inferences", count(), false, "0: the protocol's"}});
}

Document names_document(const std::map<std::string, ObjectName>& names) {
  Document made = Document::object();
  for (const auto& [name, object] : names) made[name] = object_document(object);
  return made;
}

Document planned_document(const PlannedRun& run) {
  Document made = {{"sequence", run.sequence},
                   {"repeat", run.repeat},
                   {"network", run.network},
                   {"setting", setting_document(run.setting)}};
  put_field(made, "grid", run.grid);
  put_field(made, "baseline", run.baseline);
  if (run.inferences != 0) made["inferences"] = run.inferences;
  return made;
}

PlannedRun planned_of(const Document& from, std::int64_t block) {
  PlannedRun run;
  run.block = block;
  take_field(from, "sequence", run.sequence);
  take_field(from, "repeat", run.repeat);
  take_field(from, "grid", run.grid);
  take_field(from, "network", run.network);
  take_field(from, "baseline", run.baseline);
  run.setting = setting_of(part_of(from, "setting"));
  take_field(from, "inferences", run.inferences);
  return run;
}

std::map<std::string, ObjectName> names_of(const Document& from) {
  std::map<std::string, ObjectName> names;
  for (const auto& [name, object] : from.items()) names[name] = object_name_of(object);
  return names;
}

// Said before the shape is looked at: a later shape may be another.
Status check_protocol(std::string_view bytes) {
  if (bytes.size() > study_form().most_bytes) return {};
  const Document from = Document::parse(bytes, nullptr, false);
  const Document& protocol = part_of(from, "protocol");
  if (!protocol.is_number_integer() || protocol.get<double>() <= kProtocol) return {};
  return fail(ErrorKind::newer_schema,
              "study: it is of protocol " + protocol.dump() + ", this isojoule speaks " +
                  std::to_string(kProtocol),
              "Install the isojoule that the study was begun with, or a later one");
}

}  // namespace

MessageShape setting_shape() { return shape::table(shape::name(), shape::value(), 256); }

MessageShape object_name_shape() {
  using namespace shape;
  return record({{"writer", token(), true, "who published it: \"plan\", or a board"},
                 {"hash", hexadecimal(64), true, "SHA-256 of the bytes"},
                 {"bytes", count(), true, "how many there are"}});
}

Document object_document(const ObjectName& object) {
  return {{"writer", object.writer}, {"hash", object.hash}, {"bytes", object.bytes}};
}

ObjectName object_name_of(const Document& from) {
  ObjectName object;
  take_field(from, "writer", object.writer);
  take_field(from, "hash", object.hash);
  take_field(from, "bytes", object.bytes);
  return object;
}

const MessageForm& study_form() {
  using namespace shape;
  static const MessageForm form = {
      "study", std::string("bucket ") + kStudies + ", key STUDY",
      record({{"protocol", integer(1, kProtocol), true, "version of the messages that it needs"},
              {"study", token(64), true, "its id"},
              {"name", line(256), false, "the plan's"},
              {"board", shape::name(), true, "board type that it is for"},
              {"simulated", flag(), false, "for twins"},
              {"plan", object_name_shape(), true, "TOML"},
              {"card", object_name_shape(), false,
               "the board that its blocks were cut for: every coordinator cuts the same"},
              {"engine", shape::name(128, 0), false, ""},
              {"networks", table(shape::name(256), object_name_shape(), 1024), false,
               "by the plan's name of it"},
              {"files", table(shape::name(4096), object_name_shape(), 1024), false,
               "that options of the engine name: by path in the plan"},
              {"boards", list(token(), 4096), false,
               "names that may take part; absent: every board of the type"},
              {"total", shape::name(1024, 0), false, "that its boards must have"},
              {"rails", list(shape::name(), 128), false, "that its boards must have"},
              {"lanes", integer(1, 4096), true, "how many boards measure each setting"},
              {"blocks", count(1e9), true, "of all lanes"},
              {"runs", count(1e9), true, "of all lanes"},
              {"needs_command", flag(), false, "its engine runs a program of the plan"},
              {"open_end", flag(), false, "a search: blocks are added as it asks"},
              {"closed", flag(), false, "nothing more is to be taken"},
              {"version", line(64), false, "of the program that began it"},
              {"created", line(64), false, "ISO 8601: a label"}}),
      std::size_t{512} << 10, false};
  return form;
}

const MessageForm& block_form() {
  using namespace shape;
  static const MessageForm form = {
      "block", std::string("stream ") + kBlocks + ", isojoule.block.STUDY.LANE.BLOCK",
      record({{"study", token(64), true, ""},
              {"lane", count(4095), true, ""},
              {"block", count(1e9), true, "counts through all lanes"},
              {"runs", list(planned_run_shape(), 4096, 1), true,
               "that one board makes one after the other"}}),
      std::size_t{960} << 10, false};
  return form;
}

std::string to_bytes(const StudyRecord& study) {
  Document made = {{"protocol", study.protocol},
                   {"study", study.study},
                   {"board", study.board},
                   {"simulated", study.simulated},
                   {"plan", object_document(study.plan)},
                   {"networks", names_document(study.networks)},
                   {"files", names_document(study.files)},
                   {"lanes", study.lanes},
                   {"blocks", study.blocks},
                   {"runs", study.runs},
                   {"needs_command", study.needs_command},
                   {"open_end", study.open_end},
                   {"closed", study.closed}};
  if (!study.card.hash.empty()) made["card"] = object_document(study.card);
  put_field(made, "name", study.name);
  put_field(made, "engine", study.engine);
  put_field(made, "boards", study.boards);
  put_field(made, "total", study.total);
  put_field(made, "rails", study.rails);
  put_field(made, "version", study.version);
  put_field(made, "created", study.created);
  return write_message(study_form(), std::move(made));
}

Result<StudyRecord> parse_study(std::string_view bytes) {
  ISOJOULE_CHECK(check_protocol(bytes));
  ISOJOULE_TRY(const Document from, read_message(study_form(), bytes));
  StudyRecord study;
  take_field(from, "protocol", study.protocol);
  take_field(from, "study", study.study);
  take_field(from, "name", study.name);
  take_field(from, "board", study.board);
  take_field(from, "simulated", study.simulated);
  study.plan = object_name_of(part_of(from, "plan"));
  if (from.contains("card")) study.card = object_name_of(part_of(from, "card"));
  take_field(from, "engine", study.engine);
  study.networks = names_of(part_of(from, "networks"));
  study.files = names_of(part_of(from, "files"));
  take_field(from, "boards", study.boards);
  take_field(from, "total", study.total);
  take_field(from, "rails", study.rails);
  take_field(from, "lanes", study.lanes);
  take_field(from, "blocks", study.blocks);
  take_field(from, "runs", study.runs);
  take_field(from, "needs_command", study.needs_command);
  take_field(from, "open_end", study.open_end);
  take_field(from, "closed", study.closed);
  take_field(from, "version", study.version);
  take_field(from, "created", study.created);
  return study;
}

std::string to_bytes(const BlockMessage& block) {
  Document runs = Document::array();
  for (const PlannedRun& run : block.runs) runs.push_back(planned_document(run));
  return write_message(block_form(), {{"study", block.study},
                                      {"lane", block.lane},
                                      {"block", block.block},
                                      {"runs", std::move(runs)}});
}

Result<BlockMessage> parse_block(std::string_view bytes) {
  ISOJOULE_TRY(const Document from, read_message(block_form(), bytes));
  BlockMessage block;
  take_field(from, "study", block.study);
  take_field(from, "lane", block.lane);
  take_field(from, "block", block.block);
  for (const Document& run : part_of(from, "runs"))
    block.runs.push_back(planned_of(run, block.block));
  return block;
}

}  // namespace isojoule::fleet
