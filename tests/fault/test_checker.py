"""The checker finds what is planted: each invariant is broken once in a copy of a real database, or in what was told."""

import copy
import multiprocessing
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import threading
import unittest

import checker
import history
import scenarios
import stored as store
from folder import Folder, Violation, stalls
from told import Request, Told

EVIDENCE = pathlib.Path("build/release/crash")


class Checker(unittest.TestCase):
    """One run makes the database: two brackets that ended, one that is open and protected, one that works, one that is
    watched and sees no quotes."""

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="bracketd-crash-checker-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        with Folder("checker", EVIDENCE) as folder:
            folder.start()
            cls.ids = {}
            for scenario in (scenarios.take_profit, scenarios.partial_fill):
                stage = scenarios.Stage(folder.client(), scenario.__name__)
                for step in scenario(stage):
                    step()
                cls.ids[scenario.__name__] = stage.order_id
            stage = scenarios.Stage(folder.client(), "open")
            stage.quote(500)
            stage.place()
            stage.working("stop_loss")
            stage.client.modify(stage.order_id, {"stop_price": "4.10"})
            stage.working("stop_loss")
            cls.ids["open"] = stage.order_id
            for event in stage.client.send("GET", f"/v1/orders/{stage.order_id}/events").json()["items"]:
                folder.told.event(stage.order_id, event["seq"], event["sequence"], (event["type"], event["at"], ""))
            stage = scenarios.Stage(folder.client(), "working")
            stage.place(entry={"type": "limit", "limit_price": "4.20"})
            stage.wait_status("working")
            cls.ids["working"] = stage.order_id
            stage.client.cancel(stage.order_id)
            stage.wait_status("canceled")
            stage = scenarios.Stage(folder.client(), "watched")
            stage.quote(500)
            stage.place(protection="watched", accept_unprotected_if_down=True, quote_max_age="1s")
            stage.wait_status("unprotected")
            cls.ids["watched"] = stage.order_id
            while stage.client.poll().json()["items"]:
                pass
            folder.server.kill()
            folder.killed()
            shutil.copytree(folder.data, cls.root / "data")
            cls.told = copy.copy(folder.told)
            cls.told.lock = None

    def setUp(self):
        self.data = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        for file in (self.root / "data").glob("bracketd.db*"):
            shutil.copyfile(file, self.data / file.name)
        self.told = copy.deepcopy(self.told)

    def plant(self, *statements):
        connection = sqlite3.connect(self.data / "bracketd.db")
        with connection:
            for statement in statements:
                changed = connection.execute(statement, {name: bytes.fromhex(order.replace("-", "")) for name, order in self.ids.items()})
                self.assertGreater(changed.rowcount, 0, statement)
        connection.close()

    def found(self):
        """Names of the invariants that are broken."""
        messages = checker.check(store.read_copy(self.data), self.told, checker.AT_REST + checker.RECOVERED)
        return {message.split(":")[0] for message in messages}

    def finds(self, name, *statements):
        self.plant(*statements)
        self.assertIn(name, self.found())

    def test_nothing_is_found_where_nothing_is_planted(self):
        self.assertEqual(self.found(), set())
        self.assertGreater(len(store.read_copy(self.data).journal), 15)

    # ---- what was told

    def test_an_acknowledged_order_is_deleted(self):
        tables = ("order_events WHERE bracket", "intents WHERE bracket", "orders WHERE seq")
        self.finds("acknowledged_orders_exist", *(f"DELETE FROM {table} = (SELECT seq FROM orders WHERE id = :open)" for table in tables))

    def test_a_promise_was_not_kept(self):
        self.told.promises.add("nobody's")
        self.assertIn("acknowledged_orders_exist", self.found())

    def test_an_acknowledged_order_has_another_client_order_id(self):
        self.finds("acknowledged_orders_exist", "UPDATE orders SET client_order_id = 'x' WHERE id = :open")

    def test_the_newest_event_is_cut_off_with_its_revision(self):
        self.finds("acknowledged_revisions_exist",
                   "DELETE FROM order_events WHERE bracket = (SELECT seq FROM orders WHERE id = :take_profit) AND seq > 4",
                   "UPDATE orders SET rev = 4 WHERE id = :take_profit")

    def test_a_fill_that_was_shown_is_gone(self):
        self.finds("acknowledged_fills_stand", "DELETE FROM fills WHERE id = 1")

    def number(self, event):
        return next(number for number, name in store.EVENTS.items() if name == event)

    def test_a_change_that_was_answered_is_gone(self):
        self.finds("acknowledged_changes_stand", f"UPDATE order_events SET body = x'010000' WHERE type = {self.number('modified')}")

    def test_a_cancel_that_was_answered_is_gone(self):
        self.finds("acknowledged_requests_stand", f"UPDATE order_events SET body = x'010000' WHERE type = {self.number('cancel_requested')}",
                   "UPDATE intents SET status = 2 WHERE leg = 0 AND bracket = (SELECT seq FROM orders WHERE id = :working)")

    def test_the_answer_to_a_key_has_another_byte(self):
        self.finds("answers_to_keys_are_kept", "UPDATE idempotency SET response = response || ' ' WHERE key = 'key-open'")

    def test_a_key_is_forgotten(self):
        self.finds("answers_to_keys_are_kept", "DELETE FROM idempotency WHERE key = 'key-open'")

    def test_an_event_that_was_seen_is_another(self):
        self.finds("events_seen_are_stored", "UPDATE order_events SET type = 0 WHERE bracket = (SELECT seq FROM orders WHERE id = :open) AND seq = 2")

    def test_a_poll_missed_a_change(self):
        self.told.revs[self.ids["open"]] -= 1
        self.assertIn("polls_missed_no_change", self.found())

    def test_the_kill_switch_is_lost(self):
        self.finds("the_kill_switch_is_as_told", "UPDATE owner SET paused = 1")

    def test_two_answers_contradict_each_other(self):
        self.told.lies.append("planted")
        self.assertIn("no_answer_contradicts_another", self.found())

    # ---- the log

    def test_a_sequence_is_missing(self):
        self.finds("sequences_are_dense", "DELETE FROM order_events WHERE sequence = 3")

    def test_an_event_in_the_middle_is_gone(self):
        self.finds("chains_are_whole", "DELETE FROM order_events WHERE sequence = 3")

    def test_the_bytes_of_an_event_are_changed(self):
        self.finds("chains_are_whole", "UPDATE order_events SET at_ns = at_ns, body = (SELECT body FROM order_events WHERE sequence = 4) WHERE sequence = 3")

    def test_the_head_of_a_chain_is_another(self):
        self.finds("chains_are_whole", "UPDATE orders SET head = zeroblob(32) WHERE id = :open")

    def test_a_row_says_another_type_than_its_event(self):
        self.finds("events_are_what_their_rows_say", "UPDATE order_events SET type = 0 WHERE sequence = 1")

    def test_an_event_is_left_without_its_order(self):
        self.finds("the_database_is_whole", "UPDATE order_events SET bracket = 99 WHERE sequence = 3")

    def test_final_is_not_what_the_status_says(self):
        self.finds("final_is_what_the_status_says", "UPDATE orders SET final = 1 WHERE id = :open")

    # ---- intents

    def test_an_intent_is_gone(self):
        self.finds("intents_are_events", "DELETE FROM intents WHERE leg = 2")

    def test_an_order_is_sent_that_nobody_intended(self):
        self.finds("submits_were_intended", "DELETE FROM intents WHERE leg = 2")

    def test_an_intent_has_another_name(self):
        self.finds("intents_are_named_by_their_order",
                   "UPDATE intents SET client_id = substr(client_id, 1, length(client_id) - 1) || '7' WHERE leg = 0 AND bracket = 1")

    def test_two_entries_live(self):
        self.finds("one_entry_lives", "UPDATE intents SET status = 2 WHERE bracket = 1 AND leg = 0",
                   "INSERT INTO intents SELECT bracket, leg, 9, client_id || '9', side, type, 2, cancels, quantity, limit_price, stop_price,"
                   " broker_order_id FROM intents WHERE bracket = 1 AND leg = 0")

    # ---- the broker

    SUBMIT_AGAIN = ("INSERT INTO paper_journal SELECT (SELECT max(seq) FROM paper_journal) + 1, at_ns, kind, order_id, symbol, quantity, price,"
                    " (SELECT cash FROM paper_account) FROM paper_journal WHERE kind = 1 ORDER BY seq LIMIT 1")

    def test_a_submit_is_accepted_twice(self):
        self.finds("orders_are_submitted_once", self.SUBMIT_AGAIN)

    def test_an_entry_of_the_journal_is_gone(self):
        self.finds("the_journal_is_dense", "DELETE FROM paper_journal WHERE seq = 5")

    def second_order(self, leg):
        """The first bracket's order of that leg once more, under the next generation, with its submit in the journal."""
        return ("INSERT INTO paper_orders SELECT (SELECT max(id) FROM paper_orders) + 1, pair_id, substr(client_id, 1, length(client_id) - 1) || '8',"
                " symbol, kind, side, type, time_in_force, opens, quantity, limit_price, stop_price, reserve_price, accepted_ns, expires_ns,"
                f" 2, 0, 0, 0, 0, 0, 0 FROM paper_orders WHERE client_id GLOB '*-{leg}1' ORDER BY id LIMIT 1",
                "INSERT INTO paper_journal SELECT (SELECT max(seq) FROM paper_journal) + 1, accepted_ns, 1, id, symbol, 0, 0,"
                " (SELECT cash FROM paper_account) FROM paper_orders ORDER BY id DESC LIMIT 1")

    def test_a_second_entry_lives_at_the_broker(self):
        self.finds("at_most_one_entry_lives_at_the_broker",
                   "DELETE FROM paper_journal WHERE kind IN (4, 5) AND order_id IN (SELECT id FROM paper_orders WHERE client_id GLOB '*-e1')",
                   *self.second_order("e"))

    def test_a_second_stop_over_closes(self):
        self.finds("no_bracket_is_over_closed", *self.second_order("s"))

    def test_an_entry_fills_twice(self):
        self.finds("no_bracket_is_over_entered",
                   "INSERT INTO paper_journal SELECT (SELECT max(seq) FROM paper_journal) + 1, at_ns, kind, order_id, symbol, quantity, price, cash"
                   " FROM paper_journal WHERE kind = 4 ORDER BY seq LIMIT 1")

    def test_the_desk_knows_of_more_than_was_filled(self):
        self.finds("fills_are_the_brokers", "UPDATE fills SET quantity = quantity + 1000000 WHERE id = 1")

    def test_cash_is_lost(self):
        self.finds("the_account_adds_up", "UPDATE paper_account SET cash = cash - 1")

    def test_a_position_is_another(self):
        self.finds("the_account_adds_up", "UPDATE paper_positions SET quantity = quantity + 1000000")

    # ---- after a restart

    def test_an_open_position_lost_its_stop(self):
        self.finds("positions_are_protected_or_flagged",
                   "INSERT INTO paper_journal SELECT (SELECT max(seq) FROM paper_journal) + 1, accepted_ns, 5, id, symbol, 0, 0,"
                   " (SELECT cash FROM paper_account) FROM paper_orders WHERE ended_ns = 0 AND client_id GLOB '*-s*'")

    def test_an_unprotected_position_that_is_flagged_is_none(self):
        self.test_an_open_position_lost_its_stop()
        self.plant("UPDATE orders SET status = 9 WHERE id = :open")
        self.assertNotIn("positions_are_protected_or_flagged", self.found())

    def test_a_watched_position_without_quotes_is_not_flagged(self):
        self.finds("positions_are_protected_or_flagged", "UPDATE orders SET status = 4 WHERE id = :watched")

    def test_what_is_closed_is_open_at_the_broker(self):
        self.finds("what_ended_is_over", "UPDATE orders SET status = 5, final = 1 WHERE id = :open")

    def test_a_fill_was_never_heard_of(self):
        self.finds("fills_are_all_known", "DELETE FROM fills WHERE id = (SELECT max(id) FROM fills)")

    def test_an_intent_is_left_in_doubt(self):
        self.finds("nothing_is_in_doubt", "UPDATE intents SET status = 9 WHERE bracket = (SELECT seq FROM orders WHERE id = :open)")

    def test_an_order_works_that_the_broker_never_had(self):
        self.finds("nothing_is_in_doubt", "DELETE FROM paper_journal WHERE order_id = 1")

    # ---- what is recorded

    def test_the_same_key_with_another_answer_is_a_lie(self):
        self.told.lock = threading.Lock()
        placed = self.told.orders[self.ids["open"]]
        request = Request("POST", "/v1/orders", placed.body, placed.key, client_order_id=placed.client_order_id)
        order = {"id": placed.id, "client_order_id": placed.client_order_id, "rev": 1, "filled_quantity": "0"}
        self.told.placed(request, 201, placed.answer, order)
        self.assertEqual(self.found(), set())
        self.told.placed(request, 201, placed.answer + b" ", order)
        self.assertIn("no_answer_contradicts_another", self.found())

    def test_of_two_switches_at_once_either_may_be_the_last(self):
        told = Told()
        one, other = told.switching(True), told.switching(False)
        told.switched(other, True)
        self.assertEqual(told.paused, {True, False})
        told.switched(one, False)  # its answer never came
        self.assertEqual(told.paused, {True, False})
        told.switched(told.switching(False), True)
        self.assertEqual(told.paused, {False})

    def test_a_violation_tells_the_history_of_its_order(self):
        self.test_an_open_position_lost_its_stop()
        stored = store.read_copy(self.data)
        folder = Folder("evidence", self.root)
        self.addCleanup(folder.__exit__, None)
        folder.mark("start")
        with self.assertRaises(Violation) as caught:
            folder.fail(checker.check(stored, self.told, checker.RECOVERED), "in a test", stored)
        for part in ("accepted", "submitted stop_loss 1", "report leg=stop_loss", "intent stop_loss 2: new", "---- start"):
            self.assertIn(part, str(caught.exception))
        self.assertIn(self.ids["open"], (self.root / "evidence" / "history").read_text())

    def test_an_order_is_named_by_its_id_or_by_that_at_the_broker(self):
        order = store.read_copy(self.data).orders[self.ids["open"]]
        self.assertEqual(history.named_in([f"x: {order.id} is gone", f"x: {order.intents[0]['client_id']} is unknown"]), [order.id])

    def test_a_process_that_was_forked_counts_its_stalls(self):
        self.assertTrue(stalls().thread.is_alive())
        child = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(0 if stalls().thread.is_alive() else 1))
        child.start()
        child.join()
        self.assertEqual(child.exitcode, 0)

    def test_every_invariant_has_a_plant(self):
        planted = pathlib.Path(__file__).read_text()
        for invariant in checker.AT_REST + checker.RECOVERED:
            self.assertIn(f'"{invariant.__name__}"', planted)
