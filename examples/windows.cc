// The same in C++11, with a second thread that marks at the same time.
//   c++ -std=c++11 -Iinclude examples/windows.cc -lisojoule_mark -pthread -o windows
//   ./windows                        it measures itself
//   isojoule measure -- ./windows    the same windows in isojoule's report
#include <chrono>
#include <iostream>
#include <thread>

#include "isojoule/isojoule.hpp"

namespace {

void work(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

void print(const char* what, const isojoule::Measured& cost) {
  std::cout << what << ": ";
  if (cost)
    std::cout << cost.energy_j() << " J +- " << 2 * cost.energy_u_j() << " J (k = 2) in "
              << cost.duration_s() << " s, " << cost.count() << " windows\n";
  else
    std::cout << "energy absent: " << cost.reason() << "\n";
}

}  // namespace

int main() {
  isojoule::SessionOptions options;
  options.period_s = 0.02;
  options.idle_s = 0.1;  // so that there are net energies
  isojoule::MeasuredSession session(options);
  const bool alone = session.listener() == isojoule::Listener::alone;
  std::cout << (alone ? "measures itself" : "is measured, or not") << "\n";

  isojoule::ScopedWindow request("request");
  std::thread reader([] {
    for (int i = 0; i < 5; ++i) {
      isojoule::ScopedWindow window("read");
      work(20);
    }
  });
  for (int i = 0; i < 5; ++i) {
    isojoule::ScopedWindow window("infer");
    work(30);
  }
  reader.join();
  request.end();
  if (!alone) return 0;
  print("request", request.energy());
  print("read", isojoule::energy_of("read"));
  print("infer", isojoule::energy_of("infer"));
  print("all", session.end());
  return 0;
}
