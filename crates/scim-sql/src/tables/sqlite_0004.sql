-- Where events and webhooks wait. Times are milliseconds since 1970, 0 is none.

-- How far readers of changes are.
CREATE TABLE scim_position (
  tenant  TEXT NOT NULL,
  reader  TEXT NOT NULL,
  through INTEGER NOT NULL,
  PRIMARY KEY (tenant, reader)
) WITHOUT ROWID;

-- Whoever takes deliveries in or settles them locks the row of their endpoint.
CREATE TABLE scim_endpoint (
  tenant        TEXT NOT NULL,
  id            TEXT NOT NULL,
  settings      TEXT NOT NULL,          -- JSON, with the secrets
  state         TEXT NOT NULL,
  failing_since INTEGER NOT NULL,
  failures      INTEGER NOT NULL,
  resting_until INTEGER NOT NULL,
  created       INTEGER NOT NULL,
  revision      INTEGER NOT NULL,
  mark          INTEGER NOT NULL,        -- the greatest number that was taken in
  tries         INTEGER NOT NULL,        -- how many were ever logged
  PRIMARY KEY (tenant, id)
) WITHOUT ROWID;

-- Of those of one resource that are not dead, one is due; while it is claimed that is when the claim ends.
CREATE TABLE scim_delivery (
  tenant     TEXT NOT NULL,
  endpoint   TEXT NOT NULL,
  sequence   INTEGER NOT NULL,
  event      TEXT NOT NULL,
  event_type TEXT NOT NULL,
  resource   TEXT NOT NULL,
  body       TEXT NOT NULL,
  dead       INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  claims     INTEGER NOT NULL,
  created    INTEGER NOT NULL,
  due        INTEGER,
  PRIMARY KEY (tenant, endpoint, sequence)
);
CREATE INDEX scim_delivery_due ON scim_delivery (tenant, endpoint, due, sequence) WHERE due IS NOT NULL;
CREATE INDEX scim_delivery_turn ON scim_delivery (tenant, endpoint, resource, sequence) WHERE NOT dead;
CREATE INDEX scim_delivery_dead ON scim_delivery (tenant, endpoint, sequence) WHERE dead;

CREATE TABLE scim_attempt (
  tenant     TEXT NOT NULL,
  endpoint   TEXT NOT NULL,
  place      INTEGER NOT NULL,
  sequence   INTEGER NOT NULL,
  event      TEXT NOT NULL,
  event_type TEXT NOT NULL,
  number     INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  latency    INTEGER NOT NULL,           -- milliseconds
  status     INTEGER NOT NULL,           -- 0 where there was no answer
  failure    TEXT NOT NULL, -- '' where there was one
  PRIMARY KEY (tenant, endpoint, place)
) WITHOUT ROWID;
