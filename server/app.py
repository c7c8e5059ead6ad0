"""The web application, put together."""

from flask import Flask, Response, jsonify
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix

from server import db
from server.accounts.relays import bearing
from server.accounts.rights import ROLES_ZH
from server.accounts.routes import blueprint as accounts
from server.accounts.service import load_viewer
from server.events.routes import blueprint as events
from server.exchange.routes import blueprint as exports
from server.exchange.routes import datasets
from server.identifications.routes import blueprint as identifications
from server.media.routes import TAKEN, uploading, viewing
from server.occurrences.routes import blueprint as occurrences
from server.occurrences.routes import tiles
from server.packs.routes import blueprint as packs
from server.patrols.routes import blueprint as patrols
from server.places.routes import blueprint as places
from server.privacy.routes import blueprint as privacy
from server.relay.routes import blueprint as relay
from server.sensitivity.routes import blueprint as precise
from server.settings import Settings, from_environment
from server.surveys.routes import blueprint as surveys
from server.sync.conflict_routes import blueprint as conflicts
from server.sync.routes import blueprint as sync
from server.taxa.routes import blueprint as taxa
from server.verification.routes import blueprint as verification
from server.verification.service import photo_came
from server.web import bodies, compressing, devices, docs, headers, log_lines, problems, rates, safety, viewers, walls
from server.web.database import database, request_session
from server.web.openapi import DescribedApi
from shared import __version__
from shared.clock import Clock, SystemClock

_READS = (occurrences, tiles, events, patrols, surveys, taxa, places)


def serving_app() -> Flask:
    """What the web server's worker runs: settings from the environment, and logs that tell no more than they may."""
    log_lines.set_up()
    return create_app()


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    settings = settings or from_environment()
    safety.refuse_unsafe(settings)
    safety.refuse_powerful_role(db.url_for(settings))
    app = Flask("server", static_folder=None)
    app.config.update(
        API_TITLE="Xiangye",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/v1",
        OPENAPI_JSON_PATH="openapi.json",
        SQLALCHEMY_DATABASE_URI=db.url_for(settings),
        SQLALCHEMY_ENGINE_OPTIONS=dict(db.ENGINE_OPTIONS),
        XIANGYE_SETTINGS=settings,
        XIANGYE_CLOCK=clock or SystemClock(),
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Chinese is read by people, in the terminal as well
    app.config[devices.LOADER] = lambda *borne: bearing(request_session(), app.config["XIANGYE_CLOCK"], *borne)
    app.config[viewers.LOADER] = lambda *borne: load_viewer(request_session(), app.config["XIANGYE_CLOCK"], *borne)
    app.config[TAKEN] = lambda sha256: _photo_came(app.config["XIANGYE_CLOCK"], sha256)
    database.init_app(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    log_lines.register(app)
    compressing.register(app)
    headers.register(app, settings)
    rates.register(app, settings)
    walls.register(app)
    bodies.register(app)
    api = DescribedApi(app)
    for blueprint in (
        accounts,
        sync,
        conflicts,
        uploading,
        viewing,
        packs,
        identifications,
        verification,
        exports,
        datasets,
        precise,
        privacy,
        relay,
        *_READS,
    ):
        api.register_blueprint(blueprint)
    docs.register(app, api, ROLES_ZH)
    app.add_url_rule("/healthz", view_func=healthz)
    problems.register(app)
    return app


def _photo_came(clock: Clock, sha256: str) -> None:
    photo_came(request_session(), clock.now(), sha256)
    request_session().commit()


def healthz() -> Response:
    request_session().execute(text("SELECT 1"))
    return jsonify({"status": "ok", "version": __version__})
