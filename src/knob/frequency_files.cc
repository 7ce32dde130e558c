#include "knob/frequency_files.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>

#include "knob/node.h"

namespace isojoule {
namespace {

constexpr const char* kPolicies = "/sys/devices/system/cpu/cpufreq";
constexpr const char* kDevfreqClass = "/sys/class/devfreq";

std::string path_of(const std::string& node, std::string_view file) {
  return node + "/" + std::string(file);
}

Result<NumberChoice> table_of(const std::string& path, double scale, FileTree& tree) {
  ISOJOULE_TRY(const auto words, read_words(tree, path));
  std::vector<double> table;
  for (const auto& word : words) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size() || number <= 0)
      return fail(ErrorKind::parse, path + ": not a frequency: '" + word.substr(0, 40) + "'", {},
                  "read");
    table.push_back(static_cast<double>(number) * scale);
  }
  if (table.empty()) return fail(ErrorKind::no_data, path + ": the table is empty", {}, "read");
  return NumberChoice::of_table(std::move(table));
}

// Drivers that have a table in every kernel (drivers/cpufreq/tegra*.c, cpufreq-dt.c): where it is
// gone something is wrong, and a range would only hide it.
bool must_have_table(const std::string& node, FileTree& tree) {
  const auto driver = read_line(tree, node + "/scaling_driver");
  return driver && (driver->starts_with("tegra") || *driver == "cpufreq-dt");
}

Result<NumberChoice> choice_of_node(const KnobSpec& spec, const std::string& node,
                                    const FrequencyFiles& files, FileTree& tree) {
  auto table = table_of(path_of(node, files.table), spec.scale, tree);
  if (table || table.error().kind != ErrorKind::not_found) return table;
  if (must_have_table(node, tree)) return table;
  NumberChoice said = NumberChoice::of_spec(spec, kClockGrid_hz);
  if (!said.empty()) return said;
  if (files.highest.empty()) return table;
  ISOJOULE_TRY(const double lowest, read_frequency(spec, node, files.lowest, tree));
  ISOJOULE_TRY(const double highest, read_frequency(spec, node, files.highest, tree));
  if (!(lowest > 0) || !(lowest <= highest))
    return fail(ErrorKind::no_data,
                path_of(node, files.highest) + ": no range between " + to_string(Value(lowest)) +
                    " and " + to_string(Value(highest)) + " Hz",
                {}, "read");
  return NumberChoice::of_range(lowest, highest, kClockGrid_hz);
}

// NVIDIA's chips by their names ("ga10b", "gv11b", "gp10b", "gm20b").
bool is_nvidia_gpu(const std::string& name) {
  return name.size() == 5 && name[0] == 'g' && std::isalpha(static_cast<unsigned char>(name[1])) &&
         std::isdigit(static_cast<unsigned char>(name[2])) &&
         std::isalnum(static_cast<unsigned char>(name[3])) && name[4] == 'b';
}

bool looks_like_gpu(const std::string& name) {
  for (const char* word : {"gpu", "mali", "adreno", "panfrost", "v3d"})
    if (name.find(word) != std::string::npos) return true;
  return is_nvidia_gpu(name);
}

// "15340000.vic" -> "vic", "memory-controller" -> "memory_controller".
std::string plain_name(const std::string& entry) {
  const std::size_t dot = entry.find('.');
  const bool has_address =
      dot != std::string::npos && dot + 1 < entry.size() &&
      std::all_of(entry.begin(), entry.begin() + static_cast<std::ptrdiff_t>(dot),
                  [](unsigned char c) { return std::isxdigit(c) != 0; });
  std::string name = has_address ? entry.substr(dot + 1) : entry;
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) ? static_cast<char>(std::tolower(byte)) : '_';
  }
  return name;
}

}  // namespace

const FrequencyFiles& frequency_files_of(const std::string& node, FileTree& tree) {
  const bool is_devfreq = tree.exists(path_of(node, kDevfreqFiles.maximum)) ||
                          tree.exists(path_of(node, kDevfreqFiles.minimum)) ||
                          tree.exists(path_of(node, kDevfreqFiles.current));
  return is_devfreq ? kDevfreqFiles : kCpufreqFiles;
}

Result<NumberChoice> frequency_choice(const KnobSpec& spec, const std::vector<std::string>& nodes,
                                      const FrequencyFiles& files, FileTree& tree) {
  NumberChoice choice;
  bool first = true;
  for (const auto& node : nodes) {
    ISOJOULE_TRY(NumberChoice own, choice_of_node(spec, node, files, tree));
    choice = first ? std::move(own) : choice.common(own);
    first = false;
  }
  if (choice.empty())
    return fail(ErrorKind::unsupported, spec.axis + ": no frequency is common to all its nodes");
  return choice;
}

Result<double> read_frequency(const KnobSpec& spec, const std::string& node, std::string_view file,
                              FileTree& tree) {
  ISOJOULE_TRY(const std::int64_t number, read_integer(tree, path_of(node, file)));
  return static_cast<double>(number) * spec.scale;
}

Status write_frequency(const KnobSpec& spec, const std::string& node, std::string_view file,
                       double frequency, FileTree& tree) {
  return node::write(tree, path_of(node, file),
                     static_cast<std::int64_t>(std::llround(frequency / spec.scale)));
}

Status open_limit(const KnobSpec& spec, const std::string& node, std::string_view file, double end,
                  FileTree& tree) {
  ISOJOULE_TRY(const double before, read_frequency(spec, node, file, tree));
  ISOJOULE_CHECK(write_frequency(spec, node, file, end, tree));
  ISOJOULE_TRY(const double after, read_frequency(spec, node, file, tree));
  if (std::abs(after - end) < kLimitTolerance_hz || after != before) return {};
  return fail(ErrorKind::not_reached,
              path_of(node, file) + ": " + to_string(Value(end / spec.scale)) +
                  " was written and it still reads " + to_string(Value(after / spec.scale)),
              "Look for another program that holds this clock (nvpmodel, jetson_clocks)", "write");
}

std::vector<std::string> cpufreq_policies(FileTree& tree) {
  std::vector<std::string> folders;
  const auto names = tree.list(kPolicies);
  if (!names) return folders;
  std::vector<std::pair<int, std::string>> numbered;
  for (const auto& name : *names) {
    const int number = node::number_after("policy", name);
    const std::string folder = std::string(kPolicies) + "/" + name;
    // A policy without one of its files is broken, and the knob says so; it is not left out.
    const auto files = number >= 0 ? tree.list(folder) : Result<std::vector<std::string>>{};
    if (number >= 0 && files && !files->empty()) numbered.emplace_back(number, folder);
  }
  std::sort(numbered.begin(), numbered.end());
  for (auto& [number, folder] : numbered) folders.push_back(std::move(folder));
  return folders;
}

std::vector<DevfreqDevice> devfreq_devices(FileTree& tree) {
  std::vector<DevfreqDevice> devices;
  const auto names = tree.list(kDevfreqClass);
  if (!names) return devices;
  std::set<std::string> taken;
  for (const auto& entry : *names) {
    DevfreqDevice device;
    device.folder = std::string(kDevfreqClass) + "/" + entry;
    if (!tree.exists(path_of(device.folder, kDevfreqFiles.maximum))) continue;
    device.name = plain_name(entry);
    device.is_gpu = looks_like_gpu(device.name);
    if (device.is_gpu && !taken.contains("gpu")) device.name = "gpu";
    if (!taken.insert(device.name).second) {  // a second one of the name keeps its address
      device.name = entry;
      std::replace_if(
          device.name.begin(), device.name.end(),
          [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
      taken.insert(device.name);
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace isojoule
