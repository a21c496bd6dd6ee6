CREATE TABLE IF NOT EXISTS organisations (
  slug         TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  plan         TEXT NOT NULL,
  provider     TEXT NOT NULL,
  groups       BIGINT NOT NULL,
  seat_policy  TEXT NOT NULL,
  paused       BIGINT NOT NULL,
  created_at   BIGINT NOT NULL
);

-- What clients know as Users. A name that ends with _key is the text before it, prepared for comparison without case.
CREATE TABLE IF NOT EXISTS members (
  id           :serial,
  org          TEXT :exact NOT NULL REFERENCES organisations (slug),
  user_name    TEXT NOT NULL,
  user_key     TEXT :exact NOT NULL,
  display_name TEXT,
  display_key  TEXT :exact,
  given_name   TEXT,
  given_key    TEXT :exact,
  family_name  TEXT,
  family_key   TEXT :exact,
  title        TEXT,
  title_key    TEXT :exact,
  department   TEXT,
  department_key TEXT :exact,
  external_id  TEXT :exact,
  status       TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
  role         TEXT :exact NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  origin       TEXT :exact NOT NULL CHECK (origin IN ('scim', 'invitation')),
  synced_at    BIGINT,
  created_at   BIGINT NOT NULL,
  changed_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS members_user_name ON members (org, user_key);
CREATE INDEX IF NOT EXISTS members_place ON members (org, id);
CREATE INDEX IF NOT EXISTS members_external ON members (org, external_id);

CREATE TABLE IF NOT EXISTS member_emails (
  member_id    BIGINT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  position     BIGINT NOT NULL,
  address      TEXT,
  address_key  TEXT :exact,
  kind         TEXT,
  kind_key     TEXT :exact,
  label        TEXT,
  label_key    TEXT :exact,
  is_primary   BOOLEAN,
  PRIMARY KEY (member_id, position)
);
CREATE INDEX IF NOT EXISTS member_emails_address ON member_emails (address_key);

-- What clients know as Groups.
CREATE TABLE IF NOT EXISTS teams (
  id           :serial,
  org          TEXT :exact NOT NULL REFERENCES organisations (slug),
  name         TEXT NOT NULL,
  name_key     TEXT :exact NOT NULL,
  external_id  TEXT :exact,
  created_at   BIGINT NOT NULL,
  changed_at   BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS teams_place ON teams (org, id);
CREATE INDEX IF NOT EXISTS teams_name ON teams (org, name_key);

CREATE TABLE IF NOT EXISTS team_members (
  team_id      BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  member_id    BIGINT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  position     BIGINT NOT NULL,
  PRIMARY KEY (team_id, member_id)
);
CREATE INDEX IF NOT EXISTS team_members_member ON team_members (member_id);

-- Teams inside of teams.
CREATE TABLE IF NOT EXISTS team_teams (
  outer_id     BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  inner_id     BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  position     BIGINT NOT NULL,
  PRIMARY KEY (outer_id, inner_id)
);
CREATE INDEX IF NOT EXISTS team_teams_inner ON team_teams (inner_id);

-- Everything below is the product's alone: SCIM never sees it.
CREATE TABLE IF NOT EXISTS vaults (
  id           :serial,
  org          TEXT :exact NOT NULL REFERENCES organisations (slug),
  name         TEXT NOT NULL,
  items        BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS vault_teams (
  vault_id     BIGINT NOT NULL REFERENCES vaults (id) ON DELETE CASCADE,
  team_id      BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  PRIMARY KEY (vault_id, team_id)
);

CREATE TABLE IF NOT EXISTS sign_in_links (
  hash         TEXT PRIMARY KEY,
  member_id    BIGINT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  ends_at      BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS sessions (
  hash         TEXT PRIMARY KEY,
  member_id    BIGINT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  csrf         TEXT NOT NULL,
  ends_at      BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS provisioning_log (
  id           :serial,
  org          TEXT :exact NOT NULL REFERENCES organisations (slug),
  at           BIGINT NOT NULL,
  method       TEXT NOT NULL,
  route        TEXT NOT NULL,
  status       BIGINT NOT NULL,
  micros       BIGINT NOT NULL,
  resource     TEXT,
  tolerated    TEXT,
  problem      TEXT,
  request_id   TEXT NOT NULL,
  times        BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS provisioning_log_org ON provisioning_log (org, id);
-- Of requests without a token of the organisation there is one row, whose requests have no names.
CREATE UNIQUE INDEX IF NOT EXISTS provisioning_log_strangers ON provisioning_log (org) WHERE request_id = '';

CREATE TABLE IF NOT EXISTS events (
  org          TEXT :exact NOT NULL REFERENCES organisations (slug),
  sequence     BIGINT NOT NULL,
  at           BIGINT NOT NULL,
  name         TEXT NOT NULL,
  resource     TEXT NOT NULL,
  changed      TEXT NOT NULL,
  actor        TEXT NOT NULL,
  PRIMARY KEY (org, sequence)
);
