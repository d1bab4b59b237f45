"""A kill at every write, sync, truncate, rename and send of each scripted scenario, or at every k-th of them."""

import dataclasses

import page as faults
from client import Lost
from folder import Folder
from scenarios import Stage

RESTARTS_MAX = 3


@dataclasses.dataclass(frozen=True)
class Point:
    """One run of a scenario that dies at the n-th call of a class."""

    scenario: object
    kind: int
    number: int
    how: int
    power: int

    @property
    def name(self):
        return (f"{self.scenario.__name__} {faults.CLASSES[self.kind]}:{self.number}:{faults.HOWS[self.how]}"
                f":{('process', 'power', 'power-some')[self.power]}")


def run(scenario, name, evidence, point=None):
    """The script from its first to its last step, through the point's death or to a kill at its end; calls by class
    (before, after), deaths on the way, seconds of each recovery."""
    with Folder(name, evidence) as folder:
        if point:
            folder.page.power, folder.page.power_seed = point.power, point.number
        folder.start()
        before = folder.page.calls()
        if point:
            folder.page.kill(point.how, point.kind, before[faults.CLASSES[point.kind]] + point.number)
        stage = Stage(folder.client(), name.replace(" ", "-").replace(":", "-"), page=folder.page)
        for step in scenario(stage):
            repeat(folder, stage, step)
        stage.client.close()
        after, kills = folder.page.calls(), folder.kills
        folder.server.kill()
        folder.killed()
        folder.page.reset()
        folder.start()
        return {kind: (before[kind], after[kind]) for kind in before}, kills, folder.recoveries


def repeat(folder, stage, step):
    """One step, and again after each death."""
    for _ in range(RESTARTS_MAX):
        try:
            step()
            return
        except Lost:
            if folder.server.wait(2) is None:
                raise
            folder.killed()
            folder.page.reset()
            folder.page.clock_offset_ns = stage.clock_offset_ns
            folder.start()
            stage.client.close()
            stage.client = folder.client()
            if stage.last:
                stage.client.quotes([stage.last])
    raise AssertionError(f"{folder.name}: no end after {RESTARTS_MAX} restarts")


def of(scenario, evidence):
    """All points of a scenario, counted in one run without a death."""
    counts, _, _ = run(scenario, f"{scenario.__name__} counted", evidence)
    for kind in (faults.WRITE, faults.SYNC, faults.TRUNCATE, faults.NAME, faults.SEND):
        first, last = counts[faults.CLASSES[kind]]
        for number in range(1, last - first + 1):
            for how in (faults.KILL_BEFORE, faults.KILL_HALF, faults.KILL_AFTER):
                if how == faults.KILL_HALF and kind not in (faults.WRITE, faults.SEND):
                    continue
                yield Point(scenario, kind, number, how, (number + how) % 3)
