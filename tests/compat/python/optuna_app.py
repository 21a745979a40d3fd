"""optuna, made for PostgreSQL: its tables through SQLAlchemy's postgresql dialect and Alembic, trials of many threads."""

import threading
import urllib.parse

import optuna

from check import DATABASE, HOST, OPTIONS, PASSWORD, PORT, USER, check, main, rejection

optuna.logging.set_verbosity(optuna.logging.WARNING)
TRIALS, THREADS = 60, 6
storage = optuna.storages.RDBStorage(
    f"postgresql+psycopg2://{USER}:{urllib.parse.quote(PASSWORD, safe='')}@{HOST}:{PORT}/{DATABASE}"
    f"?sslmode={OPTIONS['sslmode']}&sslrootcert={OPTIONS['sslrootcert']}", engine_kwargs={"pool_size": THREADS})


def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    for step in range(3):
        trial.report(x * x + step, step)
    trial.set_user_attr("seen", [x, {"kind": kind}])
    return x * x + (kind == "a")


@check
def studies():
    for name in ("one", "two"):
        optuna.create_study(study_name=name, storage=storage)
    assert sorted(optuna.get_all_study_names(storage)) == ["one", "two"]
    rejection(optuna.exceptions.DuplicatedStudyError, lambda: optuna.create_study(study_name="one", storage=storage))
    optuna.delete_study(study_name="two", storage=storage)
    assert optuna.get_all_study_names(storage) == ["one"]


@check
def trials_of_many_threads():
    study = optuna.load_study(study_name="one", storage=storage)
    threads = [threading.Thread(target=study.optimize, args=(objective, TRIALS // THREADS)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trials = study.get_trials()
    assert sorted(trial.number for trial in trials) == list(range(TRIALS))
    assert all(trial.state == optuna.trial.TrialState.COMPLETE for trial in trials)
    assert study.best_value == min(trial.value for trial in trials)
    assert all(trial.user_attrs["seen"] == [trial.params["x"], {"kind": trial.params["kind"]}] for trial in trials)
    assert all(len(trial.intermediate_values) == 3 for trial in trials)


@check
def schema_is_current():
    assert storage.get_current_version() == storage.get_head_version()


@check
def infinities():
    study = optuna.create_study(study_name="inf", storage=storage)
    values = iter([float("inf"), float("-inf"), 1.5])
    study.optimize(lambda trial: next(values), n_trials=3)
    assert [trial.value for trial in study.trials] == [float("inf"), float("-inf"), 1.5]


main()
