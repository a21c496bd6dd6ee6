-- Where events and webhooks wait. {s} is the schema with its dot. Times are milliseconds since 1970, 0 is none.

-- How far readers of changes are.
CREATE TABLE {s}scim_position (
  tenant  TEXT COLLATE "C" NOT NULL,
  reader  TEXT COLLATE "C" NOT NULL,
  through BIGINT NOT NULL,
  PRIMARY KEY (tenant, reader)
);

-- Whoever takes deliveries in or settles them locks the row of their endpoint.
CREATE TABLE {s}scim_endpoint (
  tenant        TEXT COLLATE "C" NOT NULL,
  id            TEXT COLLATE "C" NOT NULL,
  settings      TEXT NOT NULL,          -- JSON, with the secrets
  state         TEXT COLLATE "C" NOT NULL,
  failing_since BIGINT NOT NULL,
  failures      BIGINT NOT NULL,
  resting_until BIGINT NOT NULL,
  created       BIGINT NOT NULL,
  revision      BIGINT NOT NULL,
  mark          BIGINT NOT NULL,        -- the greatest number that was taken in
  tries         BIGINT NOT NULL,        -- how many were ever logged
  PRIMARY KEY (tenant, id)
);

-- Of those of one resource that are not dead, one is due; while it is claimed that is when the claim ends.
CREATE TABLE {s}scim_delivery (
  tenant     TEXT COLLATE "C" NOT NULL,
  endpoint   TEXT COLLATE "C" NOT NULL,
  sequence   BIGINT NOT NULL,
  event      TEXT COLLATE "C" NOT NULL,
  event_type TEXT COLLATE "C" NOT NULL,
  resource   TEXT COLLATE "C" NOT NULL,
  body       TEXT NOT NULL,
  dead       BOOLEAN NOT NULL,
  attempts   BIGINT NOT NULL,
  claims     BIGINT NOT NULL,
  created    BIGINT NOT NULL,
  due        BIGINT,
  PRIMARY KEY (tenant, endpoint, sequence)
);
CREATE INDEX scim_delivery_due ON {s}scim_delivery (tenant, endpoint, due, sequence) WHERE due IS NOT NULL;
CREATE INDEX scim_delivery_turn ON {s}scim_delivery (tenant, endpoint, resource, sequence) WHERE NOT dead;
CREATE INDEX scim_delivery_dead ON {s}scim_delivery (tenant, endpoint, sequence) WHERE dead;

CREATE TABLE {s}scim_attempt (
  tenant     TEXT COLLATE "C" NOT NULL,
  endpoint   TEXT COLLATE "C" NOT NULL,
  place      BIGINT NOT NULL,
  sequence   BIGINT NOT NULL,
  event      TEXT COLLATE "C" NOT NULL,
  event_type TEXT COLLATE "C" NOT NULL,
  number     BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  latency    BIGINT NOT NULL,           -- milliseconds
  status     BIGINT NOT NULL,           -- 0 where there was no answer
  failure    TEXT COLLATE "C" NOT NULL, -- '' where there was one
  PRIMARY KEY (tenant, endpoint, place)
);
