#include "cli/command_notes.h"

#include <array>
#include <string>

namespace isojoule::cli {
namespace {

constexpr auto kNotes = std::to_array<CommandNote>({
    {"probe", "isojoule probe", "what is here, and what would help"},
    {"probe", "isojoule probe --board twin:jetson-orin-nx", "a simulated board"},
    {"measure", "isojoule measure --model alexnet --batch 8 --inferences 320",
     "a network of the zoo, on this machine"},
    {"measure", "isojoule measure --board twin:jetson-nano --model alexnet --budget",
     "on a twin, with the budget of each energy's uncertainty"},
    {"measure", "isojoule measure -- python3 docs/examples/infer.py", "a program of one's own"},
    {"monitor", "isojoule monitor", "in the terminal, until q"},
    {"monitor", "isojoule monitor --board twin:jetson-nano --load alexnet --serve",
     "a simulated board, in the browser too"},
    {"monitor", "isojoule monitor --for 1h --record hour.study", "every reading, for later"},
    {"monitor", "isojoule monitor --json -- ./service",
     "lines for another program, as long as one runs"},
    {"sweep", "isojoule sweep studies/rpe-nano-alexnet.toml --board twin:jetson-nano -o nano.study",
     "every clock of a simulated Nano; the same line goes on after an interruption"},
    {"agent", "isojoule agent --nats nats://lab:4222", "this board joins the lab's fleet"},
    {"agent", "isojoule agent --nats nats://lab:4222 --board twin:jetson-nano#7 --until-idle 5s",
     "a simulated one, until there is nothing to do"},
    {"show", "isojoule show nano.study", "its tables"},
    {"show", "isojoule show nano.study --budget --run 12", "what one run's energies are worth"},
    {"report", "isojoule report nano.study -o report.html", "one page for a colleague"},
    {"report", "isojoule report nano.study --figures figures --width double",
     "each figure as SVG, PDF and CSV, for a paper"},
    {"export", "isojoule export nano.study -o nano.perfetto-trace", "for ui.perfetto.dev"},
    {"export", "isojoule export nano.study --as trace-csv --run 1", "one run's readings, printed"},
    {"compare", "isojoule compare nano.study --a batch=8 --b batch=16",
     "is one setting better, or is it noise?"},
    {"tune", "isojoule tune resnet-18 --board twin:jetson-nano --limit 'latency<120ms' --budget 15",
     "the least energy within a limit, in 15 measurements"},
    {"apply", "isojoule apply gpu_frequency=614.4MHz", "until 'isojoule restore'"},
    {"apply", "isojoule apply gpu_frequency=614.4MHz --for 10m", "for ten minutes"},
    {"govern", "isojoule govern --table nano.study --limit 'latency<50ms' -- ./service",
     "start a service and keep it in time at the least energy"},
    {"govern", "isojoule govern --simulate --board twin:jetson-orin-nx --network resnet-18",
     "what that would save, simulated"},
    {"predict", "isojoule predict mobilenet-v2 --board twin:jetson-tx2 --map",
     "energy over the clocks, without a board"},
    {"predict", "isojoule predict model.onnx --board jetson-tx2 --budget 2mJ",
     "does a network keep to an energy?"},
    {"fit", "isojoule fit layers.study", "an energy model from a study"},
    {"cost", "isojoule cost resnet-18 --batch 8", "work, layer by layer"},
    {"energy", "isojoule energy --trace meter.csv --begin +10 --end +70",
     "joules of a window of a meter's log"},
    {"study layers", "isojoule study layers --board jetson-tx2 -o layers.toml",
     "a plan of single layers"},
    {"zoo list", "isojoule zoo list", "every network with its work"},
    {"zoo export", "isojoule zoo export alexnet -o alexnet.onnx", "one as a file"},
    {"calibrate", "isojoule calibrate --record cal.study", "loads of several powers, recorded"},
    {"calibrate", "isojoule calibrate --study cal.study --meter meter.csv",
     "the rail corrected by the meter's log"},
    {"twin mount", "isojoule twin mount jetson-orin-nx board --own --background",
     "then: isojoule probe --sysroot board"},
    {"list", "isojoule list engines", "and which of them can be used here"},
    {"manual", "isojoule manual sweep", "a command's page"},
    {"manual", "isojoule manual --format man -o man", "all man pages, into a folder"},
    {"manual",
     "isojoule manual --format bash > ~/.local/share/bash-completion/completions/isojoule",
     "completion for bash"},
});

constexpr auto kStatuses = std::to_array<ProgramNote>({
    {"0", "Done"},
    {"1", "The work itself failed: the engine, a run"},
    {"2", "Wrong arguments, files or names; standard error says which and what would help"},
    {"3", "It ran, but nothing here can measure its energy"},
    {"130", "Interrupted"},
});

constexpr auto kVariables = std::to_array<ProgramNote>({
    {"ISOJOULE_DATA", "Folder with boards/ and studies/ instead of the program's own"},
    {"ISOJOULE_STATE", "Folder of the journals that lead a board back"},
    {"ISOJOULE_RUNTIME", "Folder of the sockets and of what 'isojoule status' reads"},
    {"ISOJOULE_ONNXRUNTIME", "ONNX Runtime's library for the engine onnxruntime"},
    {"ISOJOULE_HELPER", "Socket of isojouled, or \"none\""},
    {"ISOJOULE_TOKEN",
     "What 'isojoule monitor --serve' asks browsers for; default: a new one each time"},
    {"ISOJOULE_TRTEXEC", "NVIDIA's program for the engine trtexec"},
    {"XDG_CACHE_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "As usual, below 'isojoule' there"},
    {"NO_COLOR", "Without colours, whatever the terminal can"},
});

constexpr auto kFiles = std::to_array<ProgramNote>({
    {"share/isojoule/boards, share/isojoule/studies",
     "Beside the program's bin/: boards, their twins, ready plans"},
    {"~/.cache/isojoule", "Networks of the zoo as files; may be removed at any time"},
    {"~/.local/state/isojoule", "Journals and calibrations of boards, models of 'isojoule fit'"},
});

// Into the command's own help.
void add_to(CLI::App& app, const std::string& path) {
  std::string text;
  for (const CommandNote& note : kNotes)
    if (note.command == path) text += std::string("\n  ") + note.line + "\n      " + note.says;
  if (!text.empty()) app.footer("Examples:" + text);
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    add_to(*command, path.empty() ? command->get_name() : path + " " + command->get_name());
}

}  // namespace

std::span<const CommandNote> command_notes() { return kNotes; }
std::span<const ProgramNote> exit_statuses() { return kStatuses; }
std::span<const ProgramNote> environment_variables() { return kVariables; }
std::span<const ProgramNote> program_files() { return kFiles; }
void add_examples(CLI::App& app) { add_to(app, ""); }

}  // namespace isojoule::cli
