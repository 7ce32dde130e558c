#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/fleet/fleet_json.h"
#include "app/fleet/fleet_metrics.h"
#include "app/fleet/fleet_orders.h"
#include "app/fleet/fleet_table.h"
#include "app/fleet/watch_fleet.h"
#include "app/monitor/terminal_screen.h"
#include "cli/bus_options.h"
#include "cli/command.h"
#include "cli/fleet_credentials.h"
#include "cli/measure_modes.h"
#include "fleet/catalogue.h"

namespace isojoule::cli {
namespace {

struct FleetArguments {
  fleet::BusOptions bus;
  bool json = false, watch = false;
  bool all = false, wait = false, yes = false;
  std::vector<std::string> boards;
  std::string why, verb, limit = "10s", study;
  int replicas = 1;
};
using FleetAction = Result<int> (*)(fleet::Bus&, const FleetArguments&, const Program&);

// A pipe or a file gets all of every line.
constexpr int kColumnsOfFile = 240;

int columns_of_output() {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) return window.ws_col;
  return ::isatty(STDOUT_FILENO) != 0 ? 80 : kColumnsOfFile;
}

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print("{}\n", line);
}

Result<FleetPicture> look_once(fleet::Bus& bus) {
  const auto clock = make_real_clock();
  FleetLook look(bus, *clock);
  ISOJOULE_CHECK(look.refresh());
  return look.picture();
}

Result<int> show_boards(fleet::Bus& bus, const FleetArguments& arguments, const Program& program) {
  if (arguments.watch) {
    const auto clock = make_real_clock();
    FleetWatching watching;
    watching.draws = is_drawable(STDIN_FILENO, STDOUT_FILENO);
    if (!watching.draws)
      return fail(ErrorKind::unsupported, "--watch draws on a terminal, and this is none",
                  "Leave it away, or use --json");
    ISOJOULE_CHECK(watch_fleet(bus, *clock, watching, *program.interrupted));
    return kDone;
  }
  ISOJOULE_TRY(const FleetPicture picture, look_once(bus));
  if (arguments.json) {
    fmt::print("{}\n", json_text(boards_json(picture), 2));
    return kDone;
  }
  TerminalSize size{columns_of_output(), 0, shows_utf8(), false};
  size.colour = ::isatty(STDOUT_FILENO) != 0 && shows_colour();
  print_lines(boards_table(picture, size));
  return kDone;
}

Result<int> show_studies(fleet::Bus& bus, const FleetArguments& arguments, const Program&) {
  ISOJOULE_TRY(const FleetPicture picture, look_once(bus));
  if (arguments.json)
    fmt::print("{}\n", json_text(studies_json(picture), 2));
  else
    print_lines(studies_table(picture, columns_of_output(), shows_utf8()));
  return kDone;
}

Status check_boards_named(const FleetArguments& arguments) {
  if (arguments.all == arguments.boards.empty()) return {};
  return fail(ErrorKind::invalid, arguments.all ? "--all, and boards by name" : "no board is named",
              "Name boards, or give --all");
}

Result<int> drain(fleet::Bus& bus, const FleetArguments& arguments, const Program& program) {
  ISOJOULE_CHECK(check_boards_named(arguments));
  ISOJOULE_TRY(const auto boards, chosen_boards(bus, arguments.boards, arguments.all));
  for (const std::string& board : boards) {
    ISOJOULE_CHECK(drain_board(bus, board, arguments.why));
    if (!arguments.wait) fmt::print("{}: takes no other block\n", board);
  }
  if (!arguments.wait) return kDone;
  const auto clock = make_real_clock();
  ISOJOULE_CHECK(
      wait_for_drained(bus, *clock, boards, *program.interrupted, [](const std::string& line) {
        fmt::print("{}\n", line);
        std::fflush(stdout);
      }));
  return kDone;
}

Result<int> resume(fleet::Bus& bus, const FleetArguments& arguments, const Program&) {
  ISOJOULE_CHECK(check_boards_named(arguments));
  ISOJOULE_TRY(const auto boards, chosen_boards(bus, arguments.boards, arguments.all));
  for (const std::string& board : boards) {
    ISOJOULE_CHECK(resume_board(bus, board));
    fmt::print("{}: may take blocks\n", board);
  }
  return kDone;
}

Result<int> execute(fleet::Bus& bus, const FleetArguments& arguments, const Program&) {
  // The verb stands behind the boards.
  FleetArguments asked = arguments;
  asked.verb = asked.boards.back();
  asked.boards.pop_back();
  const auto is_asked = [&](const char* verb) { return asked.verb == verb; };
  if (std::none_of(std::begin(kFleetVerbs), std::end(kFleetVerbs), is_asked))
    return fail(ErrorKind::invalid, "'" + asked.verb + "' is nothing that a board answers",
                "Behind the boards stands probe or health");
  ISOJOULE_CHECK(check_boards_named(asked));
  ISOJOULE_TRY(const Duration limit, parse_duration(asked.limit));
  ISOJOULE_TRY(const auto boards, chosen_boards(bus, asked.boards, asked.all));
  const auto answers = ask_boards(bus, boards, asked.verb, limit);
  auto objects = nlohmann::json::object();
  bool all_answered = true;
  for (const BoardAnswer& answer : answers) {
    all_answered = all_answered && answer.problem.empty();
    if (asked.json) {
      if (answer.problem.empty()) objects[answer.board] = nlohmann::json::parse(answer.json);
    } else {
      fmt::print("{}\n{}", answer.board, answer_text(answer, shows_utf8()));
    }
  }
  if (asked.json) {
    fmt::print("{}\n", json_text(objects, 2));
    for (const BoardAnswer& answer : answers)
      if (!answer.problem.empty())
        fmt::print(stderr, "{}:\n{}", answer.board, answer_text(answer, shows_utf8()));
  }
  return all_answered ? kDone : kFailed;
}

Result<int> remove(fleet::Bus& bus, const FleetArguments& arguments, const Program&) {
  ISOJOULE_TRY(const RemovedStudy removed, remove_study(bus, arguments.study, arguments.yes));
  fmt::print("removed {} ({}): {} runs, {} blocks, {} objects\n", removed.name, removed.study,
             removed.runs, removed.blocks, removed.objects);
  return kDone;
}

Result<int> forget(fleet::Bus& bus, const FleetArguments& arguments, const Program&) {
  for (const std::string& board : arguments.boards) {
    ISOJOULE_CHECK(forget_board(bus, board));
    fmt::print("{}: forgotten\n", board);
  }
  return kDone;
}

Result<int> set_up_server(fleet::Bus& bus, const FleetArguments& arguments, const Program&) {
  ISOJOULE_CHECK(fleet::set_up(bus, arguments.replicas));
  fmt::print("{} has the fleet's streams and buckets\n", bus.server());
  return kDone;
}

// For a textfile collector, too: a server that is away is a metric, and the exit status.
Result<int> print_metrics(const FleetArguments& arguments) {
  FleetPicture picture;
  const auto bus = fleet::Bus::connect(arguments.bus);
  Status looked;
  if (bus) {
    const auto clock = make_real_clock();
    FleetLook look(**bus, *clock);
    looked = look.refresh();
    picture = look.picture();
  } else {
    looked = tl::unexpected<Error>(bus.error());
  }
  fmt::print("{}", fleet_metrics(picture));
  if (looked) return kDone;
  fmt::print(stderr, "{}\n", to_string(looked.error()));
  return kFailed;
}

Result<int> act_on(const FleetArguments& arguments, FleetAction action, const Program& program) {
  if (arguments.bus.url.empty())
    return fail(ErrorKind::invalid, "no server is named",
                "Give --nats nats://HOST:4222, or set ISOJOULE_NATS");
  if (action == nullptr) return print_metrics(arguments);
  ISOJOULE_TRY(const auto bus, fleet::Bus::connect(arguments.bus));
  return action(*bus, arguments, program);
}

class FleetCommand {
 public:
  FleetCommand(CLI::App& app, Program& program) : program_(program), fleet_(add_parent(app)) {}

  void add() {
    add_looking();
    add_orders();
    add_upkeep();
    add_fleet_credentials(fleet_, program_);
    // Comes behind its subcommand's, and only counts without one.
    fleet_.callback([arguments = arguments_, &fleet = fleet_, &program = program_] {
      if (!fleet.get_subcommands().empty()) return;
      program.action = [arguments, &program] { return act_on(*arguments, show_boards, program); };
    });
  }

 private:
  CLI::App& add_parent(CLI::App& app) {
    auto* command = app.add_subcommand(
        "fleet", "A lab full of boards that share a NATS server: who is there, what they do");
    command->require_subcommand(0, 1);
    add_server(*command);
    add_boards_options(*command);
    return *command;
  }
  // Before the subcommand or behind it.
  void add_server(CLI::App& command) {
    add_bus_options(command, arguments_->bus, "--nats", false);
    command.get_option("--nats")->envname("ISOJOULE_NATS");
  }
  void add_boards_options(CLI::App& command) {
    auto* json = command.add_flag("--json", arguments_->json, "Print one JSON object");
    command.add_flag("--watch", arguments_->watch, "Draw it anew every two seconds, until q")
        ->excludes(json);
  }
  CLI::App& add_one(const char* name, const char* help, FleetAction action) {
    auto* command = fleet_.add_subcommand(name, help);
    add_server(*command);
    command->callback([arguments = arguments_, action, &program = program_] {
      program.action = [arguments, action, &program] {
        return act_on(*arguments, action, program);
      };
    });
    return *command;
  }
  void add_names(CLI::App& command) {
    command.add_option("BOARD", arguments_->boards, "Boards by name");
    command.add_flag("--all", arguments_->all, "Every board that has announced itself");
  }

  void add_looking() {
    add_boards_options(add_one("boards", "The boards (also without a subcommand)", show_boards));
    add_one("studies", "The studies: how far, on which boards, who refuses them and why",
            show_studies)
        .add_flag("--json", arguments_->json, "Print one JSON object");
    add_one("metrics", "The fleet in Prometheus' text format", nullptr);
  }
  void add_orders() {
    auto& draining = add_one("drain", "Boards finish their block and take no other", drain);
    add_names(draining);
    draining.add_option("--why", arguments_->why, "Shown to whoever looks at the fleet");
    draining.add_flag("--wait", arguments_->wait, "Until they measure no more");
    add_names(add_one("resume", "Boards take blocks again; one that took itself out tries again",
                      resume));
    auto& asking = add_one("exec", "Ask boards: probe (what is there), health", execute);
    asking
        .add_option("BOARD", arguments_->boards,
                    "Boards by name, and behind them the question: probe or health")
        ->required();
    asking.add_flag("--all", arguments_->all, "Every board that has announced itself");
    asking.add_option("--limit", arguments_->limit, "How long to wait for an answer")
        ->capture_default_str();
    asking.add_flag("--json", arguments_->json, "Print one JSON object, by board");
  }
  void add_upkeep() {
    auto& removing = add_one("remove", "End a study, and remove all of it from the server", remove);
    removing.add_option("STUDY", arguments_->study, "Its id, the beginning of it, or its name")
        ->required();
    removing.add_flag("--yes", arguments_->yes,
                      "Also where runs were not collected, or boards measure it now");
    add_one("forget", "Remove boards that are gone from the list", forget)
        .add_option("BOARD", arguments_->boards, "Boards by name")
        ->required();
    add_one("set-up",
            "Make the fleet's streams and buckets, by somebody who has the right to; else the "
            "first agent or study makes them",
            set_up_server)
        .add_option("--replicas", arguments_->replicas, "Servers that keep a copy of each")
        ->check(CLI::IsMember({1, 3, 5}))
        ->capture_default_str();
  }

  std::shared_ptr<FleetArguments> arguments_ = std::make_shared<FleetArguments>();
  Program& program_;
  CLI::App& fleet_;
};

}  // namespace

void add_fleet(CLI::App& app, Program& program) { FleetCommand(app, program).add(); }

}  // namespace isojoule::cli
