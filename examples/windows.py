"""The same in Python.

  python3 examples/windows.py                        it measures itself
  isojoule measure -- python3 examples/windows.py    the same windows in isojoule's report
"""
import time

import isojoule


@isojoule.window("preprocess")
def preprocess():
    time.sleep(0.01)  # in place of work


def words(cost):
    if cost:
        return f"{cost.energy_j:.3f} J ± {2 * cost.energy_u_j:.3f} J (k = 2) in {cost.duration_s:.3f} s"
    return f"energy absent: {cost.reason}"


with isojoule.session(period_s=0.02, idle_s=0.1) as session:
    print({"alone": "measures itself", "measure": "is measured", "nobody": "nobody measures"}[session.listener])
    with isojoule.window("request") as request:
        for _ in range(5):
            preprocess()
            isojoule.mark("input is ready")
            time.sleep(0.03)  # in place of a network
    if session.listener == "alone":
        print("request:", words(request.result))
        print("preprocess:", words(isojoule.energy_of("preprocess")))
if session.result is not None:
    print("all:", words(session.result))
