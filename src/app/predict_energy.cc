#include "app/predict_energy.h"

#include "app/model_store.h"
#include "app/named_cost.h"
#include "app/target.h"

namespace isojoule {
namespace {

struct AskedBoard {
  std::string name;
  bool twin = false;
};
AskedBoard asked_board(const std::string& board) {
  if (!board.starts_with(kTwinPrefix)) return {board, false};
  // A model is of the type: any piece of silicon has it.
  return {board.substr(kTwinPrefix.size(), board.find('#') - kTwinPrefix.size()), true};
}

Result<BoardModel> loaded(std::string path, std::string board) {
  ISOJOULE_TRY(EnergyModelFile file, load_energy_model(path));
  BoardModel model;
  model.board = board.empty() ? file.board : std::move(board);
  model.file = std::make_shared<const EnergyModelFile>(std::move(file));
  model.path = std::move(path);
  return model;
}

Status check_board(const EnergyModelFile& file, const AskedBoard& asked, const std::string& path) {
  if (asked.name.empty()) return {};
  // A variant's own name is not in every file: the part before '/' decides.
  const auto plain = [](const std::string& name) { return name.substr(0, name.find('/')); };
  if (plain(asked.name) != plain(asked_board(file.board).name))
    return fail(ErrorKind::invalid,
                path + ": is a model of '" + file.board + "', not of '" + asked.name + "'",
                "Leave --board away, or name another model");
  return {};
}

Result<BoardModel> stored(const Paths& paths, const AskedBoard& asked) {
  if (asked.twin) {
    ISOJOULE_TRY(std::string path, model_path(paths, asked.name, true));
    return loaded(std::move(path), asked.name);
  }
  auto measured = model_path(paths, asked.name, false);
  if (measured) return loaded(std::move(*measured), asked.name);
  auto simulated = model_path(paths, asked.name, true);
  if (!simulated) return tl::unexpected<Error>(measured.error());
  ISOJOULE_TRY(BoardModel model, loaded(std::move(*simulated), asked.name));
  model.notes.push_back("nothing was measured on a " + asked.name +
                        ": this is its simulated twin's model, no evidence about the board");
  return model;
}

Result<NetworkCost> cost_at(const Paths& paths, const PredictRequest& request,
                            const std::string& network, std::int64_t batch) {
  CostOptions options(batch);
  for (const std::string& shape : request.shapes)
    ISOJOULE_CHECK(parse_shape_option(shape, options));
  return named_cost(paths, network, options);
}

Result<std::vector<NetworkAnswer>> answers_of(const Paths& paths, const PredictRequest& request,
                                              PredictAnswer& answer) {
  std::vector<NetworkAnswer> networks;
  for (std::size_t i = 0; i < request.networks.size(); ++i) {
    ISOJOULE_TRY(const NetworkCost cost,
                 cost_at(paths, request, request.networks[i], request.batches.front()));
    networks.push_back(answer_of(*answer.used, cost, answer.place.point));
    if (i == 0)
      answer.maps.push_back(
          expected_map(*answer.used, work_of(cost), answer.choices, answer.place.point));
  }
  return networks;
}

// The first network at the other batches.
Status add_batches(const Paths& paths, const PredictRequest& request, PredictAnswer& answer) {
  const std::vector<std::int64_t>& batches = request.batches;
  answer.batches.push_back(answer.networks.front());
  for (std::size_t i = 1; i < batches.size(); ++i) {
    ISOJOULE_TRY(const NetworkCost cost,
                 cost_at(paths, request, request.networks.front(), batches[i]));
    answer.batches.push_back(answer_of(*answer.used, cost, answer.place.point));
    answer.maps.push_back(
        expected_map(*answer.used, work_of(cost), answer.choices, answer.place.point));
  }
  return {};
}

Result<std::vector<std::int64_t>> batches_of(const PredictRequest& request,
                                             const AskedSetting& asked) {
  if (request.batches.empty()) return std::vector<std::int64_t>{asked.batch.value_or(1)};
  if (asked.batch)
    return fail(ErrorKind::invalid, "the batch stands in --batch and in --setting", "Give it once");
  for (const std::int64_t batch : request.batches)
    if (batch < 1) return fail(ErrorKind::invalid, "a batch is a whole number above 0");
  return request.batches;
}

}  // namespace

Result<BoardModel> board_model(const Paths& paths, const std::string& board,
                               const std::string& path) {
  const AskedBoard asked = asked_board(board);
  if (path.empty() && asked.name.empty())
    return fail(ErrorKind::invalid, "no board is named",
                "Give --board NAME or --board twin:NAME ('isojoule list boards'), or --model FILE");
  if (path.empty()) return stored(paths, asked);
  ISOJOULE_TRY(BoardModel model, loaded(path, asked.name));
  ISOJOULE_CHECK(check_board(*model.file, asked, path));
  if (model.board.starts_with(kTwinPrefix)) model.board = asked_board(model.board).name;
  if (!asked.twin && !asked.name.empty() && model.file->simulated)
    model.notes.push_back(path + " is a model of the board's simulated twin, no evidence about " +
                          "the board");
  return model;
}

Result<PredictAnswer> place_energy(const Paths& paths, const BoardModel& model,
                                   PredictRequest& request) {
  PredictAnswer answer;
  answer.model = model;
  ISOJOULE_TRY(const AskedSetting asked, asked_setting(request.settings));
  ISOJOULE_TRY(request.batches, batches_of(request, asked));
  ISOJOULE_TRY(answer.used, model.file->find(asked.job));
  answer.choices = point_choices(paths, model.board, answer.simulated(), *answer.used);
  ISOJOULE_TRY(answer.place, place_of(asked.knobs, answer.choices, *answer.used));
  for (const auto& [axis, value] : asked.job.values())
    if (answer.used->job.find(axis) == nullptr)
      answer.place.notes.push_back(axis + "=" + to_string(value) +
                                   ": the model was fitted without this axis; what follows is of "
                                   "what the engine does by itself");
  return answer;
}

Result<PredictAnswer> predict_energy(const Paths& paths, const BoardModel& model,
                                     PredictRequest request) {
  if (request.networks.empty())
    return fail(ErrorKind::invalid, "no network is named",
                "Name an ONNX file, or one of 'zoo list'");
  ISOJOULE_TRY(PredictAnswer answer, place_energy(paths, model, request));
  ISOJOULE_TRY(answer.networks, answers_of(paths, request, answer));
  ISOJOULE_CHECK(add_batches(paths, request, answer));
  answer.limits = request.limits;
  answer.best = expected_best(answer.maps, {});
  if (request.limits.any()) answer.best_within = expected_best(answer.maps, request.limits);
  for (std::size_t i = 1; i < answer.networks.size(); ++i)
    answer.differences.push_back(difference_of(answer.networks[0], answer.networks[i]));
  if (request.budget_j) answer.budget = budget_of(answer.networks.front(), *request.budget_j);
  return answer;
}

Result<PredictAnswer> predict_energy(const Paths& paths, const PredictRequest& request) {
  ISOJOULE_TRY(const BoardModel model, board_model(paths, request.board, request.model_path));
  return predict_energy(paths, model, request);
}

}  // namespace isojoule
