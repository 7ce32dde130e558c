// The text that gives a group the rights that probe found missing.
//
// udev sets an attribute's group and mode when its device appears; %S is sysfs, %p the device's
// path below it (udev(7)). Nodes that belong to no device of udev's (cpufreq, debugfs, nvgpu's own)
// are left to systemd-tmpfiles at boot ("z", tmpfiles.d(5)).
#include <algorithm>
#include <array>
#include <map>

#include "app/guard_place.h"
#include "app/probe.h"

namespace isojoule {
namespace {

constexpr const char* kGroup = "isojoule";

// The device folder of a node and its subsystem, where udev knows one.
struct Device {
  std::string subsystem, name_attribute, kernel;
  std::string rest;  // of the path, behind the device's folder
};

// Subsystems whose devices announce themselves and whose nodes we use. A folder belongs to the
// subsystem if the part before the device's name says so ("/hwmon/hwmon3/",
// "/devfreq/17000000.gpu/").
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSubsystems = {{
    {"hwmon", "/hwmon/"},
    {"devfreq", "/devfreq/"},
    {"iio", "/iio:device"},
    {"powercap", "/intel-rapl:"},
    {"power_supply", "/power_supply/"},
}};

std::optional<Device> device_of(const std::string& path, FileTree& tree) {
  for (const auto& [subsystem, mark] : kSubsystems) {
    const std::size_t at = path.rfind(mark);
    if (at == std::string::npos) continue;
    const bool is_prefix = mark.back() != '/';  // the mark begins the device's own name
    const std::size_t begin = is_prefix ? at + 1 : at + mark.size();
    const std::size_t end = path.find('/', begin);
    if (end == std::string::npos) continue;
    Device device;
    device.subsystem = subsystem;
    device.kernel = path.substr(begin, end - begin);
    device.rest = path.substr(end + 1);
    if (const auto name = read_line(tree, path.substr(0, end) + "/name"))
      device.name_attribute = *name;
    return device;
  }
  return std::nullopt;
}

// hwmon and iio numbers change from boot to boot: those are known by their name.
std::string match_of(const Device& device) {
  const bool by_name =
      !device.name_attribute.empty() && (device.subsystem == "hwmon" || device.subsystem == "iio");
  return "SUBSYSTEM==\"" + device.subsystem + "\", " +
         (by_name ? "ATTR{name}==\"" + device.name_attribute + "\""
                  : "KERNEL==\"" + device.kernel + "\"");
}

std::string mode_of(Access access) { return access == Access::write ? "0664" : "0440"; }

void add_rules(const std::map<std::string, std::map<std::string, Access>>& by_device,
               std::string& text) {
  text += "# /etc/udev/rules.d/70-isojoule.rules\n";
  for (const auto& [match, files] : by_device) {
    for (const auto access : {Access::read, Access::write}) {
      std::string list;
      for (const auto& [file, wanted] : files)
        if (wanted == access) list += " %S%p/" + file;
      if (list.empty()) continue;
      text += match + ", ACTION==\"add|change\", RUN+=\"/bin/chgrp " + kGroup + list + "\"" +
              ", RUN+=\"/bin/chmod " + mode_of(access) + list + "\"\n";
    }
  }
}

}  // namespace

std::string rules_for(const std::vector<MissingRight>& rights, FileTree& tree) {
  std::map<std::string, std::map<std::string, Access>> by_device;
  std::string others, debugfs;
  for (const MissingRight& right : rights) {
    const auto full = tree.canonical(right.path);
    const std::string path = full ? *full : right.path;
    if (const auto device = device_of(path, tree)) {
      by_device[match_of(*device)][device->rest] = right.access;
    } else if (path.rfind("/sys/kernel/debug", 0) == 0) {
      debugfs += "#   " + path + "\n";
    } else {
      others += "z " + path + " " + mode_of(right.access) + " root " + kGroup + " -\n";
    }
  }
  std::string text = std::string("# once: groupadd --system ") + kGroup + "; usermod -aG " +
                     kGroup + " USER (then log in anew)\n";
  if (!by_device.empty()) add_rules(by_device, text);
  // The lock, where only root may make files in its folder.
  text += std::string("# /etc/tmpfiles.d/isojoule.conf\n") + "f " + machine_lock() +
          " 0644 root root -\n" + others;
  if (!debugfs.empty())
    text +=
        "# debugfs is for root alone (its top folder has mode 0700); run as root, or use the "
        "helper "
        "isojouled:\n" +
        debugfs;
  return text;
}

}  // namespace isojoule
