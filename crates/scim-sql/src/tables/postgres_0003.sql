-- Tenants and their tokens. {s} is the schema with its dot. Times are microseconds since 1970.
CREATE TABLE {s}scim_tenant (
  tenant   TEXT COLLATE "C" NOT NULL,
  version  BIGINT NOT NULL, -- moves with each change, also when the settings are removed
  settings TEXT COLLATE "C", -- a JSON document of what differs from the default; NULL when they were removed
  PRIMARY KEY (tenant)
);

CREATE TABLE {s}scim_credential (
  id        TEXT COLLATE "C" NOT NULL,
  tenant    TEXT COLLATE "C" NOT NULL,
  name      TEXT COLLATE "C" NOT NULL,
  access    TEXT COLLATE "C" NOT NULL, -- read or write
  created   BIGINT NOT NULL,
  expires   BIGINT,                    -- NULL for never
  ends      BIGINT,
  revoked   BOOLEAN NOT NULL,
  last_used BIGINT,
  digest    TEXT COLLATE "C" NOT NULL, -- the SHA-256 digest of the token, in hexadecimal digits
  PRIMARY KEY (id)
);
CREATE INDEX scim_credential_tenant ON {s}scim_credential (tenant, created, id);

CREATE TABLE {s}scim_link (
  id       TEXT COLLATE "C" NOT NULL,
  tenant   TEXT COLLATE "C" NOT NULL,
  name     TEXT COLLATE "C" NOT NULL,
  access   TEXT COLLATE "C" NOT NULL,
  expires  BIGINT,                    -- of the credential to be
  replaces TEXT COLLATE "C" NOT NULL, -- nothing, one or all
  replaced TEXT COLLATE "C",          -- which one
  overlap  BIGINT NOT NULL,           -- in microseconds
  created  BIGINT NOT NULL,
  ends     BIGINT NOT NULL,
  digest   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX scim_link_tenant ON {s}scim_link (tenant);

-- A row for each tenant, locked by whoever replaces or ends several of its tokens: they take turns.
CREATE TABLE {s}scim_turn (
  tenant TEXT COLLATE "C" NOT NULL,
  turns  BIGINT NOT NULL,
  PRIMARY KEY (tenant)
);

-- What tenants with a breaker lost lately: members of a group, or resources, whose group is ''.
CREATE TABLE {s}scim_loss (
  tenant   TEXT COLLATE "C" NOT NULL,
  what     TEXT COLLATE "C" NOT NULL, -- members or resources
  group_id TEXT COLLATE "C" NOT NULL,
  id       TEXT COLLATE "C" NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (tenant, what, group_id, id)
);
CREATE INDEX scim_loss_at ON {s}scim_loss (tenant, what, at);

-- A row for each tenant that lost something, locked by whoever counts; what its breaker tripped at, or NULL.
CREATE TABLE {s}scim_breaker (
  tenant TEXT COLLATE "C" NOT NULL,
  turns  BIGINT NOT NULL,
  what   TEXT COLLATE "C",
  lost   BIGINT,
  at     BIGINT,
  actor  TEXT COLLATE "C",
  PRIMARY KEY (tenant)
);
