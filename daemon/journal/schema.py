"""The tables of the journal: every version of them, as the steps that lead from one version to the next."""

from __future__ import annotations

PENDING = "state IN ('waiting', 'held') AND NOT superseded"
"""The condition for jobs that can be started once they are due; the indexes of the queue contain just these."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        folder BLOB NOT NULL,
        path BLOB NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'skipped')),
        superseded INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        due REAL NOT NULL,
        lease REAL,
        frames_done INTEGER NOT NULL DEFAULT 0,
        frames INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        output BLOB,
        output_size INTEGER,
        output_mtime_ns INTEGER,
        announced INTEGER NOT NULL DEFAULT 0,
        seconds REAL,
        settings TEXT,
        weights TEXT,
        notes TEXT NOT NULL DEFAULT '[]',
        found REAL NOT NULL,
        ended REAL
    );
    CREATE UNIQUE INDEX jobs_current ON jobs (folder, path) WHERE NOT superseded;
    CREATE INDEX jobs_waiting ON jobs (state, due);
    CREATE INDEX jobs_fingerprint ON jobs (fingerprint);
    CREATE INDEX jobs_output ON jobs (output);
    CREATE TABLE journal (id TEXT NOT NULL);
    INSERT INTO journal VALUES (lower(hex(randomblob(4))));
    """,
    """
    ALTER TABLE jobs ADD COLUMN film INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX jobs_by_age ON jobs (folder, due, id) WHERE state = 'queued' AND NOT superseded;
    CREATE INDEX jobs_by_size ON jobs (folder, size, id) WHERE state = 'queued' AND NOT superseded;
    CREATE INDEX jobs_by_kind ON jobs (folder, film, due, id) WHERE state = 'queued' AND NOT superseded;
    """,
    """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        job INTEGER NOT NULL,
        number INTEGER NOT NULL,
        begun REAL NOT NULL,
        ended REAL,
        worker TEXT NOT NULL,               -- process and device
        outcome TEXT,                       -- NULL while the attempt goes on
        reason TEXT,
        signal TEXT                         -- the signal that ended the worker
    );
    CREATE INDEX attempts_job ON attempts (job);
    CREATE TRIGGER attempts_go_too AFTER DELETE ON jobs BEGIN DELETE FROM attempts WHERE job = OLD.id; END;
    ALTER TABLE journal ADD COLUMN paused REAL;
    """,
    """
    ALTER TABLE jobs ADD COLUMN seen REAL NOT NULL DEFAULT 0;
    UPDATE jobs SET seen = found;
    ALTER TABLE jobs ADD COLUMN output_inode INTEGER;
    DROP INDEX jobs_fingerprint;
    CREATE INDEX jobs_moved ON jobs (fingerprint, mtime_ns);
    CREATE INDEX jobs_alike ON jobs (fingerprint, state);
    CREATE INDEX jobs_latest ON jobs (state, coalesce(ended, due), id) WHERE NOT superseded;
    """,
    "CREATE TABLE outputs (place BLOB PRIMARY KEY)",  # folders of results: work folders may lie there
    """
    ALTER TABLE jobs ADD COLUMN coming BLOB;
    ALTER TABLE jobs ADD COLUMN coming_size INTEGER;
    ALTER TABLE jobs ADD COLUMN coming_mtime_ns INTEGER;
    ALTER TABLE jobs ADD COLUMN coming_inode INTEGER;
    UPDATE jobs SET coming = output, coming_size = output_size, coming_mtime_ns = output_mtime_ns,
        coming_inode = output_inode WHERE state = 'running' AND announced;
    CREATE INDEX jobs_coming ON jobs (coming);
    """,
    # Version 0.1 ends here. It made the table `untold` when the service started, outside of these steps.
    """
    CREATE TABLE IF NOT EXISTS untold (
        id INTEGER PRIMARY KEY, job INTEGER NOT NULL, state TEXT NOT NULL, folder BLOB NOT NULL, path BLOB NOT NULL,
        output BLOB, reason TEXT, attempts INTEGER NOT NULL, ended REAL NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0
    );
    ALTER TABLE untold RENAME TO outbox;
    CREATE INDEX outbox_due ON outbox (due, id);
    -- An attempt that is open although its job does not run: the service was killed between the two changes.
    UPDATE attempts SET
        ended = coalesce((SELECT jobs.ended FROM jobs WHERE jobs.id = attempts.job), begun),
        reason = (SELECT jobs.reason FROM jobs WHERE jobs.id = attempts.job),
        outcome = coalesce((SELECT jobs.state FROM jobs WHERE jobs.id = attempts.job AND jobs.state <> 'queued'),
            'interrupted')
        WHERE ended IS NULL AND job NOT IN (SELECT id FROM jobs WHERE state = 'running');
    CREATE TABLE new_jobs (
        id INTEGER PRIMARY KEY,
        folder BLOB NOT NULL,               -- the watched folder, as bytes: names need not be UTF-8
        path BLOB NOT NULL,                 -- inside the folder
        name BLOB NOT NULL,                 -- the last part of the path
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        film INTEGER NOT NULL,
        found REAL NOT NULL,
        seen REAL NOT NULL,                 -- when the file was first seen with this identity
        state TEXT NOT NULL DEFAULT 'waiting'
            CHECK (state IN ('waiting', 'held', 'running', 'done', 'failed', 'skipped')),
        superseded INTEGER NOT NULL DEFAULT 0, -- the path holds another file now
        attempts INTEGER NOT NULL DEFAULT 0,
        due REAL NOT NULL,                  -- not before this time
        ended REAL,
        frames_done INTEGER NOT NULL DEFAULT 0,
        frames INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        output BLOB,                        -- the published result
        output_size INTEGER,
        output_mtime_ns INTEGER,
        output_inode INTEGER,
        announced INTEGER NOT NULL DEFAULT 0, -- this attempt came as far as publishing
        coming BLOB,                        -- the announced result, until it is published
        coming_size INTEGER,
        coming_mtime_ns INTEGER,
        coming_inode INTEGER,
        seconds REAL,
        settings TEXT,
        weights TEXT,
        notes TEXT NOT NULL DEFAULT '[]'
    );
    INSERT INTO new_jobs SELECT
        id, folder, path, last_part(path), size, mtime_ns, inode, fingerprint, film, found, seen,
        CASE state WHEN 'queued' THEN 'waiting' ELSE state END, superseded, attempts, due, ended, frames_done, frames,
        reason, output, output_size, output_mtime_ns, output_inode, announced, coming, coming_size, coming_mtime_ns,
        coming_inode, seconds, settings, weights, notes FROM jobs;
    DROP TABLE jobs;
    ALTER TABLE new_jobs RENAME TO jobs;
    CREATE TRIGGER attempts_go_too AFTER DELETE ON jobs BEGIN DELETE FROM attempts WHERE job = OLD.id; END;
    CREATE UNIQUE INDEX jobs_current ON jobs (folder, path) WHERE NOT superseded;
    CREATE INDEX jobs_named ON jobs (name) WHERE NOT superseded;
    CREATE INDEX jobs_output ON jobs (output);
    CREATE INDEX jobs_coming ON jobs (coming);
    CREATE INDEX jobs_moved ON jobs (fingerprint, mtime_ns);
    CREATE INDEX jobs_alike ON jobs (fingerprint, state);
    CREATE INDEX jobs_latest ON jobs (state, coalesce(ended, due), id) WHERE NOT superseded;
    CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';
    CREATE INDEX jobs_by_due ON jobs (due) WHERE state IN ('waiting', 'held') AND NOT superseded;
    CREATE INDEX jobs_by_age ON jobs (folder, due, id) WHERE state IN ('waiting', 'held') AND NOT superseded;
    CREATE INDEX jobs_by_size ON jobs (folder, size, id) WHERE state IN ('waiting', 'held') AND NOT superseded;
    CREATE INDEX jobs_by_kind ON jobs (folder, film, due, id) WHERE state IN ('waiting', 'held') AND NOT superseded;
    """,
    # Lists of jobs, page by page and searched by path, read `jobs_listed` alone (see listing.py).
    """
    -- When a person moved the job to the front of the queue.
    ALTER TABLE jobs ADD COLUMN front REAL;
    CREATE INDEX jobs_front ON jobs (front) WHERE front IS NOT NULL;
    -- When a pause ends by itself.
    ALTER TABLE journal ADD COLUMN paused_until REAL;
    DROP INDEX jobs_latest;
    CREATE INDEX jobs_listed ON jobs (state, coalesce(ended, due), id, folder, path, superseded) WHERE NOT superseded;
    """,
    """
    -- Attempts that the end of the service ended; a file that was found under the name of the result.
    ALTER TABLE jobs ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN existing BLOB;
    """,
    "ALTER TABLE jobs ADD COLUMN choice TEXT",  # the settings that a person chose for the file, as JSON
    "ALTER TABLE attempts ADD COLUMN log TEXT NOT NULL DEFAULT '[]'",  # lines of the log, as JSON (see job_log.py)
    "ALTER TABLE jobs ADD COLUMN read REAL",  # share of a film that was read, while it is read through before
)
"""One step for each version; `PRAGMA user_version` says how many a database has taken. A released step never changes.

`last_part` is a function that the connection provides (see database.py).
"""
