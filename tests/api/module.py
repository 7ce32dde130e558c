"""The Python module, by who measures: alone, nobody, measure. Ends with an error where it does not hold."""
import asyncio
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import isojoule

mode = sys.argv[1]


@isojoule.window("decorated")
def decorated(value):
    """A text."""
    time.sleep(0.005)
    return value


assert decorated.__name__ == "decorated" and decorated.__doc__ == "A text."

if mode == "nobody":
    assert isojoule.listener() == "nobody"
    assert "nobody measures" in isojoule.reason()
    with isojoule.window("w") as w:
        time.sleep(0.01)
    assert w.id == 0 and w.duration_s >= 0.01
    assert w.energy_j is None and w.energy_u_j is None and w.reason
    assert not isojoule.mark("m") and decorated(7) == 7
    try:
        with isojoule.session(program="/nowhere/isojoule", required=True):
            raise SystemExit("it was to be refused")
    except isojoule.NotMeasured as error:
        assert "not found" in str(error)
    for wrong in (lambda: isojoule.mark(None), lambda: isojoule.window(5).begin()):
        try:
            wrong()
            raise SystemExit("no name was to be refused")
        except TypeError:
            pass
    for wrong in (-1, float("nan"), float("inf"), 1e300):
        try:
            isojoule.session(period_s=wrong)
            raise SystemExit("no time was to be refused")
        except ValueError:
            pass
    try:
        @isojoule.window("asynchronous")
        async def asynchronous():
            yield 1
        raise SystemExit("an asynchronous generator was to be refused")
    except TypeError:
        pass
    # Its Python part alone, as with another version's interpreter.
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/isojoule")
        shutil.copy(isojoule.__file__, folder + "/isojoule")
        bare = subprocess.run([sys.executable, "-c", "import isojoule"], capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": folder})
        assert bare.returncode == 1 and "compiled part" in bare.stderr, bare.stderr
    with isojoule.session(program="/nowhere/isojoule") as session:
        assert session.listener == "nobody"
    assert not session.result and session.result.reason
elif mode == "alone":
    with isojoule.session(period_s=0.01, idle_s=0.1) as session:
        assert session.listener == isojoule.listener() == "alone"
        with isojoule.window("w") as w:
            time.sleep(0.1)
        waited = []

        def other():
            """Goes on while the main thread waits for an answer: the interpreter's lock is free."""
            while not waited:
                decorated(1)

        thread = threading.Thread(target=other)
        thread.start()
        assert abs(w.energy_j - 5 * w.result.duration_s) < 1e-6
        waited.append(True)
        thread.join()
        assert w.energy_u_j > 0 and abs(w.net_energy_j) < 1e-6 and w.reason == ""
        assert abs(w.duration_s - w.result.duration_s) < 0.05
        assert w.result.count == 1 and bool(w.result) and abs(w.result.mean_power_w - 5) < 1e-6
        assert isojoule.energy_of("decorated").count > 1
        assert isojoule.energy_of("none of this name").energy_j is None
        inner = isojoule.window("inner")
        for wrong in (lambda: inner.energy_j, inner.end):
            try:
                wrong()
                raise SystemExit("it was to be refused")
            except ValueError:
                pass
        try:
            with isojoule.window("raises"):
                raise KeyError
        except KeyError:
            pass
        assert isojoule.energy_of("raises").count == 1
        @isojoule.window("coroutine")
        async def coroutine():
            await asyncio.sleep(0.1)
            return 3

        @isojoule.window("generator")
        def generator():
            time.sleep(0.1)
            yield 1
            return 2

        assert asyncio.run(coroutine()) == 3 and list(generator()) == [1]
        for name in ("coroutine", "generator"):
            assert isojoule.energy_of(name).duration_s >= 0.1, name
        copy = pickle.loads(pickle.dumps(isojoule.energy_of("generator")))
        assert copy.energy_j > 0 and copy.count == 1
        # A session inside is this one and does not end it.
        with isojoule.session() as inside:
            assert inside.listener == "alone"
        assert inside.result is None and isojoule.listener() == "alone"
        strange = os.fsdecode(b"file \xff.jpg")
        with isojoule.window(strange):
            time.sleep(0.03)
        assert isojoule.energy_of(strange).count == 1
        child = os.fork()
        if child == 0:
            os._exit(0 if isojoule.listener() == "nobody" else 1)
        assert os.waitpid(child, 0)[1] == 0
    assert session.result.energy_j > 0 and isojoule.listener() == "nobody"
    assert "J" in repr(session.result)
else:
    assert isojoule.listener() == "measure"
    with isojoule.session() as session:
        assert session.listener == "measure"
    assert session.result is None and isojoule.listener() == "measure"
    with isojoule.phase("load"):
        time.sleep(0.01)
    with isojoule.phase("inference"):
        for _ in range(2):
            with isojoule.batch():
                decorated(1)
    decorated(2)
    isojoule.note("engine", "python")
    # What is started has ISOJOULE_FD, and a file of its own behind that number.
    with tempfile.NamedTemporaryFile() as file:
        script = ("import os, sys; os.dup2(os.open(sys.argv[1], os.O_WRONLY), int(os.environ['ISOJOULE_FD']));"
                  "import isojoule; isojoule.mark('other'); isojoule.note('a', 'b'); print(isojoule.reason())")
        other = subprocess.run([sys.executable, "-c", script, file.name], capture_output=True, text=True)
        assert "not handed on" in other.stdout and os.path.getsize(file.name) == 0, other
    with isojoule.window("w") as w:
        pass
    assert w.energy_j is None and "report" in w.reason
