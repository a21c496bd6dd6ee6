-- Tenants and their tokens. Times are microseconds since 1970.
CREATE TABLE scim_tenant (
  tenant   TEXT NOT NULL,
  version  INTEGER NOT NULL, -- moves with each change, also when the settings are removed
  settings TEXT, -- a JSON document of what differs from the default; NULL when they were removed
  PRIMARY KEY (tenant)
) WITHOUT ROWID;

CREATE TABLE scim_credential (
  id        TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  name      TEXT NOT NULL,
  access    TEXT NOT NULL, -- read or write
  created   INTEGER NOT NULL,
  expires   INTEGER,                    -- NULL for never
  ends      INTEGER,
  revoked   INTEGER NOT NULL,
  last_used INTEGER,
  digest    TEXT NOT NULL, -- the SHA-256 digest of the token, in hexadecimal digits
  PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX scim_credential_tenant ON scim_credential (tenant, created, id);

CREATE TABLE scim_link (
  id       TEXT NOT NULL,
  tenant   TEXT NOT NULL,
  name     TEXT NOT NULL,
  access   TEXT NOT NULL,
  expires  INTEGER,                    -- of the credential to be
  replaces TEXT NOT NULL, -- nothing, one or all
  replaced TEXT,          -- which one
  overlap  INTEGER NOT NULL,           -- in microseconds
  created  INTEGER NOT NULL,
  ends     INTEGER NOT NULL,
  digest   TEXT NOT NULL,
  PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX scim_link_tenant ON scim_link (tenant);

-- A row for each tenant, locked by whoever replaces or ends several of its tokens: they take turns.
CREATE TABLE scim_turn (
  tenant TEXT NOT NULL,
  turns  INTEGER NOT NULL,
  PRIMARY KEY (tenant)
) WITHOUT ROWID;

-- What tenants with a breaker lost lately: members of a group, or resources, whose group is ''.
CREATE TABLE scim_loss (
  tenant   TEXT NOT NULL,
  what     TEXT NOT NULL, -- members or resources
  group_id TEXT NOT NULL,
  id       TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (tenant, what, group_id, id)
) WITHOUT ROWID;
CREATE INDEX scim_loss_at ON scim_loss (tenant, what, at);

-- A row for each tenant that lost something, locked by whoever counts; what its breaker tripped at, or NULL.
CREATE TABLE scim_breaker (
  tenant TEXT NOT NULL,
  turns  INTEGER NOT NULL,
  what   TEXT,
  lost   INTEGER,
  at     INTEGER,
  actor  TEXT,
  PRIMARY KEY (tenant)
) WITHOUT ROWID;
