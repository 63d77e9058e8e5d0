
(function () {
	'use strict';
	var SHORT = 10;

	function make(name, text) {
		var e = document.createElement(name);
		e.textContent = text;
		return e;
	}

	function value(row, column) {
		var cell = row.cells[column];
		var number = cell.getAttribute('data-v');
		return number === null ? cell.textContent.trim() : Number(number);
	}

	function compare(a, b) {
		var numbers = typeof a === 'number' && typeof b === 'number';
		if (numbers)
			return a - b;
		if (typeof a !== typeof b)
			return typeof a === 'number' ? 1 : -1;
		return a < b ? -1 : a > b ? 1 : 0;
	}

	function sortBy(table, header, column) {
		var down = header.getAttribute('aria-sort') === 'ascending' ||
			(!header.hasAttribute('aria-sort') && header.classList.contains('n'));
		var rows = Array.from(table.tBodies[0].rows).map(function (row) {
			return { row: row, value: value(row, column) };
		});
		rows.sort(function (a, b) {
			return down ? compare(b.value, a.value) : compare(a.value, b.value);
		});
		Array.from(header.parentNode.cells).forEach(function (other) {
			other.removeAttribute('aria-sort');
		});
		header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
		rows.forEach(function (r) {
			table.tBodies[0].appendChild(r.row);
		});
	}

	function makeSortable(table) {
		Array.from(table.tHead.rows[0].cells).forEach(function (header, column) {
			var button = make('button', header.textContent);
			button.type = 'button';
			button.addEventListener('click', function () {
				sortBy(table, header, column);
			});
			header.textContent = '';
			header.appendChild(button);
		});
	}

	function makeShort(table, list) {
		var rows = table.tBodies[0].rows.length;
		var button = make('button', 'Show all ' + rows.toLocaleString('en') + ' rows');
		table.classList.add('short');
		button.type = 'button';
		button.className = 'more';
		button.addEventListener('click', function () {
			table.classList.remove('short');
			button.hidden = true;
		});
		list.querySelector('.scroll').insertAdjacentElement('afterend', button);
		return button;
	}

	function makeFilter(table, list, more) {
		var rows = Array.from(table.tBodies[0].rows);
		var tools = make('div', ''), label = make('label', 'Filter '), input = make('input', '');
		var output = make('output', '');
		tools.className = 'tools';
		input.type = 'search';
		label.appendChild(input);
		tools.appendChild(label);
		tools.appendChild(output);
		input.addEventListener('input', function () {
			var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
			rows.forEach(function (row) {
				var text = row.textContent.toLowerCase();
				row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
				shown += row.hidden ? 0 : 1;
			});
			if (more && words.length) {
				table.classList.remove('short');
				more.hidden = true;
			}
			output.textContent = words.length ? shown + ' of ' + rows.length + ' rows' : '';
		});
		list.querySelector('.scroll').insertAdjacentElement('beforebegin', tools);
	}

	document.querySelectorAll('.list').forEach(function (list) {
		var table = list.querySelector('table.rows');
		var rows = table ? table.tBodies[0].rows.length : 0;
		var more = null;
		if (rows < 2)
			return;
		makeSortable(table);
		if (rows > SHORT + 2)
			more = makeShort(table, list);
		if (rows > SHORT)
			makeFilter(table, list, more);
	});
}());
