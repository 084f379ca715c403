ALTER TABLE scanpoll_claims ADD COLUMN kind TEXT
CREATE TABLE scanpoll_lessons ( vendor TEXT NOT NULL, origin TEXT NOT NULL, kind TEXT NOT NULL, scan TEXT NOT NULL, ended TEXT NOT NULL CHECK (ended IN ('settled', 'censored')), duration_ms DOUBLE PRECISION NOT NULL, at_least_ms DOUBLE PRECISION, hint_ms DOUBLE PRECISION, learned_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (vendor, origin, kind, scan) )
CREATE INDEX scanpoll_lessons_age ON scanpoll_lessons (vendor, origin, kind, learned_at)
